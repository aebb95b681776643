//! What the dispatcher is asked, and what it tells nodes.

use hypernode_state::{Op, UnixMs};
use tokio::sync::{mpsc, oneshot};

use crate::board::{Denied, Input, Preview, Standing, Submission};
use crate::ids::{JobId, NodeId};
use crate::job::Manner;
use crate::matching::seed::DaySecret;
use crate::matching::{Algorithm, Needs, NodeFacts, Why};

/// A job with what the store keeps beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The job.
    pub submission: Submission,
    /// Its type, in the words of the interfaces.
    pub kind: String,
    /// What was submitted, as it is shown and sent.
    pub content: Vec<u8>,
    /// What must be kept in the same unit: the answer to a repeated request. One that the store refuses ends the
    /// dispatcher, so nothing whose refusal can be expected belongs here.
    pub beside: Vec<Op>,
}

/// What a node is told, after it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// Whether it takes the job.
    Offer {
        /// The job.
        job: JobId,
        /// Of the offer.
        fence: u32,
        /// When it counts as declined.
        until: UnixMs,
    },
    /// The offer no longer stands.
    Withdraw {
        /// The job.
        job: JobId,
        /// Of the offer.
        fence: u32,
    },
    /// The job is its own.
    Run {
        /// The job.
        job: JobId,
        /// Of the lease.
        fence: u32,
        /// When the lease ends unless renewed.
        until: UnixMs,
        /// When the run is given up.
        deadline: UnixMs,
    },
    /// The job is no longer its own.
    Stop {
        /// The job.
        job: JobId,
        /// Of the lease.
        fence: u32,
    },
}

/// The answer to whoever asked.
pub(super) type Done = oneshot::Sender<Result<(), Denied>>;

/// What the dispatcher is asked.
pub(super) enum Command {
    Submit(Box<Order>, Done),
    Arrived {
        job: JobId,
        needs: Box<Needs>,
        content: Vec<u8>,
        done: Done,
    },
    /// What opens the job again, as it was kept at this version.
    Again {
        job: JobId,
        input: Input,
        version: u64,
        kind: String,
        done: Done,
    },
    Connect {
        facts: Box<NodeFacts>,
        manner: Manner,
        frames: mpsc::Sender<Told>,
        done: Done,
    },
    Ended {
        input: Input,
        kept: Vec<u8>,
        done: Done,
    },
    Input(Input, Done),
    TurnDay(DaySecret, Done),
    Stand {
        slot: u64,
        nodes: Vec<Standing>,
        done: Done,
    },
    Why {
        needs: Box<Needs>,
        excluded: Vec<NodeId>,
        done: oneshot::Sender<Why>,
    },
    Match {
        needs: Box<Needs>,
        algorithm: Option<Algorithm>,
        done: oneshot::Sender<Option<Preview>>,
    },
}
