//! The trail: who changed what about accounts. Written in the unit of the change itself, never altered.

use crate::ids::UnixMs;
use crate::limits::{Bounded, Check, Checked};

/// An entry of the trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    /// Its number, ascending in the order of commits, from 1, without holes.
    pub seq: u64,
    /// When.
    pub at: UnixMs,
    /// Who: a wallet, a key's id, `operator`.
    pub actor: String,
    /// What was done, such as `api_key.revoke`.
    pub action: String,
    /// To what: a wallet, a key's id.
    pub subject: String,
    /// More, for people. Never a secret.
    pub detail: String,
}

/// Appends an entry; its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditAppend {
    /// Now.
    pub at: UnixMs,
    /// Who.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub subject: String,
    /// More, for people.
    pub detail: String,
}

/// Entries in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListAudit {
    /// Only those of this subject.
    pub subject: Option<String>,
    /// Only numbers greater than this; 0 for all.
    pub after: u64,
    /// At most so many.
    pub limit: u32,
}

/// Entries, newest first. The cost grows with the number of all entries where few of them fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewestAudit {
    /// Only those that have this as actor or subject.
    pub who: Option<String>,
    /// Only those whose action begins so.
    pub action: Option<String>,
    /// Only numbers smaller than this.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: u32,
}

impl Bounded for AuditAppend {
    fn check(&self, check: &mut Check) -> Checked {
        check.time("at", self.at)?;
        check.name("actor", &self.actor)?;
        check.name("action", &self.action)?;
        check.name("subject", &self.subject)?;
        check.text("detail", &self.detail)
    }
}

impl Bounded for NewestAudit {
    fn check(&self, check: &mut Check) -> Checked {
        if let Some(who) = &self.who {
            check.name("who", who)?;
        }
        if let Some(action) = &self.action {
            check.name("action", action)?;
        }
        check.many("limit", self.limit)
    }
}

impl Bounded for ListAudit {
    fn check(&self, check: &mut Check) -> Checked {
        if let Some(subject) = &self.subject {
            check.name("subject", subject)?;
        }
        check.many("limit", self.limit)
    }
}
