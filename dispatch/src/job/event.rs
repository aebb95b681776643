//! What happens to a job.

use hypernode_state::UnixMs;
use serde::{Deserialize, Serialize};

use super::state::{Manner, Stands};
use crate::ids::NodeId;

/// What happens to a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The input of a job of the chain came, and it has the hash that stands there.
    Input,
    /// A node is asked whether it takes the job, at its ask per second.
    Offer {
        /// The node.
        node: NodeId,
        /// Raw HYPER per second.
        ask: u64,
        /// When it counts as declined.
        until: UnixMs,
    },
    /// A node is given the job without being asked.
    Assign {
        /// The node.
        node: NodeId,
        /// Raw HYPER per second.
        ask: u64,
        /// How the node holds leases.
        manner: Manner,
    },
    /// The node takes what it was offered.
    Accept {
        /// The node.
        node: NodeId,
        /// Of the offer.
        fence: u32,
    },
    /// The node does not take what it was offered.
    Reject {
        /// The node.
        node: NodeId,
        /// Of the offer.
        fence: u32,
    },
    /// The node still runs the job.
    Renew {
        /// The node.
        node: NodeId,
        /// Of the lease.
        fence: u32,
    },
    /// The node is gone, and the time to come back is over.
    Gone {
        /// The node.
        node: NodeId,
    },
    /// The node says how the run ended.
    Ended {
        /// The node.
        node: NodeId,
        /// Of the lease.
        fence: u32,
        /// How.
        outcome: Outcome,
    },
    /// Nobody needs it any more. `running`: even if it runs.
    Cancel {
        /// Who says so.
        by: By,
        /// Whether a run is stopped for it.
        running: bool,
    },
    /// A dead or failed job is to be tried anew.
    Replay,
    /// The chain says again what it had taken back. `waits`: the input has not come yet.
    Reopen {
        /// Whether the input is still to come.
        waits: bool,
    },
    /// The chain says that others have it, or had it.
    Elsewhere {
        /// Where it stands there.
        stands: Stands,
        /// What was paid for it there, in raw HYPER.
        cost: u64,
    },
    /// Time has passed.
    Tick,
}

/// How a run ended, in the host's words and by our classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// With a result.
    Completed,
    /// Without.
    Failed(Fault),
}

/// Why an attempt came to nothing. Only [`Fault::Node`], [`Fault::Lost`], [`Fault::Expired`] and [`Fault::Overrun`] are
/// the node's doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Something that passes, and nobody's doing.
    Passing,
    /// The node could not run it.
    Node,
    /// The job ran and failed.
    Job,
    /// No machine will ever run it.
    Permanent,
    /// The node's connection went and did not come back.
    Lost,
    /// The lease was not renewed.
    Expired,
    /// The run passed its deadline.
    Overrun,
    /// The node declined the offer.
    Declined,
    /// The node did not answer the offer.
    Unanswered,
}

impl Fault {
    /// Whether it speaks against the node.
    pub fn is_of_node(self) -> bool {
        matches!(
            self,
            Self::Node | Self::Lost | Self::Expired | Self::Overrun
        )
    }
}

/// Who cancels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// Who submitted it.
    Owner,
    /// An operator.
    Operator,
    /// The chain took the job's creation back, or cancelled it.
    Chain,
}

/// Why an event changed nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// The fence, or the node, is not that of what is out now: an answer to something given up.
    #[error("stale: the job has moved on to fence {now}")]
    Stale {
        /// The fence that is in force.
        now: u32,
    },
    /// It came after the time that it had.
    #[error("late: the time for it is over")]
    Late,
    /// The job has ended.
    #[error("the job has ended")]
    Over,
    /// A run is not cancelled by this.
    #[error("the job is running")]
    Running,
    /// Not in this state.
    #[error("the job is not in a state for it")]
    NotNow,
    /// The node lost or declined the job a short while ago.
    #[error("the node gets this job not again for a while")]
    Excluded,
}
