//! Where a job stands.

use hypernode_state::UnixMs;
use serde::{Deserialize, Serialize};

use super::event::{By, Fault};
use super::rules::Rules;
use super::terms::Terms;
use crate::ids::{JobId, NodeId};

/// Most exclusions kept of a job; of more, those that end first are dropped.
pub(super) const MOST_EXCLUDED: usize = 16;

/// A job and where it stands. What is written here is all that a restart needs.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Job {
    /// Its name.
    pub id: JobId,
    /// What it was submitted with.
    pub terms: Terms,
    /// Where it stands.
    pub state: State,
    /// Offers and assignments so far; that of the last one is in force.
    pub fence: u32,
    /// Runs that were begun; 0 in records of before they were counted.
    #[serde(default)]
    pub runs: u32,
    /// Attempts that came to nothing since it was queued anew, offers that were not taken aside.
    pub failures: u8,
    /// Offers in a row that were not taken.
    pub declined: u16,
    /// Nodes that do not get it for a while.
    pub excluded: Vec<Exclusion>,
    /// Nodes on which the job itself failed; no more than make it poison.
    pub failed_on: Vec<NodeId>,
    /// Since when it is to be run: the age that counts for its priority.
    pub queued_at: UnixMs,
    /// The last change. Time does not run backwards in a job's life, whatever the clock does.
    pub changed_at: UnixMs,
}

/// A node that does not get the job until then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Exclusion {
    /// The node.
    pub node: NodeId,
    /// When it may get it again.
    pub until: UnixMs,
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum State {
    /// For its input.
    Waiting {
        /// Dead without it then.
        until: UnixMs,
    },
    /// To be given to a node, not before this time.
    Queued {
        /// The end of a pause.
        not_before: UnixMs,
    },
    /// A node is asked.
    Offered {
        /// The node.
        node: NodeId,
        /// What it asked when the offer was made.
        ask: u64,
        /// When it counts as declined.
        until: UnixMs,
    },
    /// A node runs it.
    Leased(Lease),
    /// With a result.
    Completed {
        /// The node.
        node: NodeId,
        /// Raw HYPER, before the split.
        cost: u64,
        /// From the start of the lease to the result.
        ran_ms: u64,
    },
    /// It cannot succeed.
    Failed {
        /// Why.
        cause: Cause,
    },
    /// Nobody needs it any more.
    Cancelled {
        /// Who said so.
        by: By,
    },
    /// Given up, kept to be looked at and replayed.
    Dead {
        /// Why.
        cause: Cause,
    },
    /// Others have it on chain, or had it: nothing is done about it here.
    Elsewhere {
        /// Where it stands there.
        stands: Stands,
        /// The chain's price once it is paid, in raw HYPER.
        cost: u64,
    },
}

/// Where a job stands that others have on chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stands {
    /// It is somebody's.
    Assigned,
    /// Its result was handed in, or paid.
    Completed,
    /// It failed.
    Failed,
}

/// A run under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Lease {
    /// The node.
    pub node: NodeId,
    /// What it asked when it got the job, per second.
    pub ask: u64,
    /// When the run began.
    pub since: UnixMs,
    /// When it ends unless renewed.
    pub until: UnixMs,
    /// When it ends, renewed or not.
    pub deadline: UnixMs,
    /// How the node holds it.
    pub manner: Manner,
}

/// How a node holds leases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Manner {
    /// It renews them.
    Renewed,
    /// It says nothing while it runs, not even that it lives.
    Silent,
}

/// Why a job failed or was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Its input did not come.
    NoInput,
    /// No node took it in all the time that it had.
    NoNode,
    /// Every attempt came to nothing; the last one so.
    Attempts(Fault),
    /// The job itself failed on as many nodes as make it poison.
    Poison,
    /// No machine will ever run it.
    Permanent,
}

impl Job {
    /// A job that can be run at once.
    pub fn queued(id: JobId, terms: Terms) -> Self {
        let at = terms.submitted_at;
        Self::new(id, terms, State::Queued { not_before: at })
    }

    /// A job that waits for its input.
    pub fn waiting(id: JobId, terms: Terms, rules: &Rules) -> Self {
        let until = terms.submitted_at.saturating_add(rules.input_ms);
        Self::new(id, terms, State::Waiting { until })
    }

    fn new(id: JobId, terms: Terms, state: State) -> Self {
        Self {
            id,
            terms,
            state,
            fence: 0,
            runs: 0,
            failures: 0,
            declined: 0,
            excluded: Vec::new(),
            failed_on: Vec::new(),
            queued_at: terms.submitted_at,
            changed_at: terms.submitted_at,
        }
    }

    /// The node that is asked or runs it.
    pub fn holder(&self) -> Option<NodeId> {
        match self.state {
            State::Offered { node, .. } => Some(node),
            State::Leased(lease) => Some(lease.node),
            _ => None,
        }
    }

    /// Whether it has ended here. A replay opens dead and failed ones again, the chain what it had closed.
    pub fn is_over(&self) -> bool {
        matches!(
            self.state,
            State::Completed { .. }
                | State::Failed { .. }
                | State::Cancelled { .. }
                | State::Dead { .. }
                | State::Elsewhere { .. }
        )
    }

    /// What is set aside for it: its budget while it is open.
    pub fn reserved(&self) -> u64 {
        match self.is_over() {
            true => 0,
            false => self.terms.pay.reserved(),
        }
    }

    /// When [`super::Event::Tick`] changes something, if nothing else happens before.
    pub fn due(&self, rules: &Rules) -> Option<UnixMs> {
        match self.state {
            State::Waiting { until } | State::Offered { until, .. } => Some(until),
            State::Queued { .. } => Some(self.queued_at.saturating_add(rules.queue_ms)),
            State::Leased(lease) => Some(lease.until.min(lease.deadline)),
            _ => None,
        }
    }

    /// Whether `node` does not get it at `at`.
    pub fn excludes(&self, node: NodeId, at: UnixMs) -> bool {
        self.excluded.iter().any(|e| e.node == node && e.until > at)
    }
}

/// Addresses as text.
pub(crate) mod address {
    use hypernode_state::Address;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(crate) fn serialize<S: Serializer>(address: &Address, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(address)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Address, D::Error> {
        let text = <std::borrow::Cow<'_, str>>::deserialize(from)?;
        let mut bytes = [0; 32];
        match bs58::decode(text.as_ref()).onto(&mut bytes) {
            Ok(32) => Ok(Address(bytes)),
            _ => Err(D::Error::custom(
                "expected an address of 32 bytes in base58",
            )),
        }
    }
}
