//! What must be done because of a change, after the change is kept.

use hypernode_state::UnixMs;

use super::event::Fault;
use crate::ids::NodeId;

/// What must be done after the change is kept. Sending is repeated by nobody: whoever loses it loses an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Ask the node.
    Offer {
        /// The node.
        node: NodeId,
        /// Of the offer.
        fence: u32,
        /// When it counts as declined.
        until: UnixMs,
    },
    /// Tell the node that the offer no longer stands.
    Withdraw {
        /// The node.
        node: NodeId,
        /// Of the offer.
        fence: u32,
    },
    /// Give the node the job.
    Run {
        /// The node.
        node: NodeId,
        /// Of the lease.
        fence: u32,
        /// When the lease ends unless renewed.
        until: UnixMs,
        /// When the run is given up, renewed or not.
        deadline: UnixMs,
    },
    /// Tell the node to stop; whatever it still says of this fence is stale.
    Stop {
        /// The node.
        node: NodeId,
        /// Of the lease.
        fence: u32,
    },
    /// An attempt came to nothing.
    Missed {
        /// The node.
        node: NodeId,
        /// Of the attempt.
        fence: u32,
        /// Why.
        fault: Fault,
    },
    /// Credit the node: once in a job's life, kept with the change itself.
    Credit {
        /// The node.
        node: NodeId,
        /// Raw HYPER, before the split.
        cost: u64,
    },
}

/// What one event leads to, in order.
pub type Effects = Vec<Effect>;
