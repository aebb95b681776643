//! The one table of who may do what.

use Role::{Agent, DataTeam, Host, Operator, Public, Wallet};

use super::role::{Role, Roles};
use super::scope::Scope;

/// Something that may or may not be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Right {
    /// See nodes, jobs without their contents, figures, proofs.
    ReadPublic,
    /// See an account: its keys' names, sessions, usage.
    ReadAccount,
    /// Make, rotate and revoke API keys.
    ManageKeys,
    /// See and end sessions.
    ManageSessions,
    /// See a job's input, result and logs.
    ReadJobContent,
    /// Submit a job that the owner pays for.
    SubmitJob,
    /// Cancel a job.
    CancelJob,
    /// Accept, run, report on and finish a job that was assigned.
    RunJob,
    /// Ask which node would get a job.
    PreviewMatch,
    /// Register, change or remove a node.
    ManageNode,
    /// Report that a node is alive, and how it does.
    Heartbeat,
    /// Link, rotate and revoke the host keys of a node.
    ManageHostKeys,
    /// Check websites and report verdicts.
    ValidateSites,
    /// Make, change and remove webhooks.
    ManageWebhooks,
    /// Make, change and remove uptime monitors.
    ManageMonitors,
    /// Call the tools for agents.
    UseAgentTools,
    /// Query all data.
    QueryData,
    /// Post figures and events by hand, as the service's own parts do.
    PostEvents,
    /// Pause, resume, accept gaps, change settings.
    ControlService,
    /// Read the trail of changes to accounts.
    ReadAudit,
    /// Give and take roles.
    ManageRoles,
    /// Release payouts.
    ReleasePayouts,
}

/// Who has a right.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// What it is about.
    pub right: Right,
    /// These may, whosever the thing is.
    pub any: Roles,
    /// These may where the thing is their own.
    pub own: Roles,
    /// What a key must have been made for.
    pub scope: Option<Scope>,
    /// Whether a key never may, whatever its scopes: a person must have signed in.
    pub in_person: bool,
}

impl Right {
    /// Every right, in the table's order.
    pub fn all() -> impl Iterator<Item = Self> {
        RULES.iter().map(|rule| rule.right)
    }

    /// Its row.
    #[must_use]
    pub fn rule(self) -> &'static Rule {
        // The rows are in the order of the rights (a test).
        &RULES[self as usize]
    }
}

const NOBODY: &[Role] = &[];

const fn rule(right: Right, any: &[Role], own: &[Role], scope: Option<Scope>) -> Rule {
    Rule {
        right,
        any: Roles::of(any),
        own: Roles::of(own),
        scope,
        in_person: false,
    }
}

const fn in_person(right: Right, any: &[Role], own: &[Role]) -> Rule {
    Rule {
        right,
        any: Roles::of(any),
        own: Roles::of(own),
        scope: None,
        in_person: true,
    }
}

#[rustfmt::skip] // one row, one line
static RULES: [Rule; 22] = [
    rule(Right::ReadPublic, &[Public], NOBODY, None),
    rule(Right::ReadAccount, &[Operator], &[Wallet, Agent], Some(Scope::Read)),
    in_person(Right::ManageKeys, NOBODY, &[Wallet]),
    in_person(Right::ManageSessions, NOBODY, &[Wallet]),
    rule(Right::ReadJobContent, &[Operator], &[Wallet, Agent, Host], Some(Scope::JobsRead)),
    rule(Right::SubmitJob, NOBODY, &[Wallet, Agent], Some(Scope::JobsWrite)),
    rule(Right::CancelJob, &[Operator], &[Wallet, Agent], Some(Scope::JobsWrite)),
    rule(Right::RunJob, NOBODY, &[Host], None),
    rule(Right::PreviewMatch, &[Wallet, Agent, Host, DataTeam, Operator], NOBODY, Some(Scope::JobsRead)),
    rule(Right::ManageNode, &[Operator], &[Wallet, Host], Some(Scope::NodesWrite)),
    rule(Right::Heartbeat, NOBODY, &[Wallet, Host], Some(Scope::NodesWrite)),
    in_person(Right::ManageHostKeys, &[Operator], &[Wallet]),
    rule(Right::ValidateSites, &[Host], NOBODY, None),
    rule(Right::ManageWebhooks, &[Operator], &[Wallet], Some(Scope::Webhooks)),
    rule(Right::ManageMonitors, &[Operator], &[Wallet], Some(Scope::Monitors)),
    rule(Right::UseAgentTools, &[Wallet, Agent], NOBODY, Some(Scope::Agent)),
    rule(Right::QueryData, &[DataTeam, Operator], NOBODY, Some(Scope::Data)),
    rule(Right::PostEvents, &[Operator], NOBODY, Some(Scope::Operator)),
    rule(Right::ControlService, &[Operator], NOBODY, Some(Scope::Operator)),
    rule(Right::ReadAudit, &[Operator], NOBODY, Some(Scope::Operator)),
    in_person(Right::ManageRoles, &[Operator], NOBODY),
    in_person(Right::ReleasePayouts, &[Operator], NOBODY),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_right_finds_its_own_row() {
        for right in Right::all() {
            assert_eq!(right.rule().right, right);
        }
    }
}
