//! What comes to the board.

use hypernode_state::Digest;

use super::jobs::Record;
use crate::ids::{JobId, NodeId};
use crate::job::{By, Event, Manner, Outcome, Stands, Terms};
use crate::matching::{Needs, NodeFacts};

/// A job that was accepted: authorised, within the limits on rates and sizes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// Its name.
    pub id: JobId,
    /// What its life depends on.
    pub terms: Terms,
    /// What it needs of a machine.
    pub needs: Needs,
    /// Hash of what was submitted.
    pub content: Digest,
    /// The submitter's nonce for the draw.
    pub nonce: Vec<u8>,
    /// Whether its input is still to come.
    pub waits: bool,
    /// The API key that its budget was counted against: what is not spent of it is given back to the key.
    pub key: Option<String>,
}

/// What comes to the board. Names of nodes are those that their connections have proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A new job.
    Submit(Box<Submission>),
    /// The input of a job that waited for it, and it is the right one.
    Arrived {
        /// The job.
        job: JobId,
        /// What it needs of a machine, which is known only now.
        needs: Box<Needs>,
    },
    /// Nobody needs it any more.
    Cancel {
        /// The job.
        job: JobId,
        /// Who says so.
        by: By,
        /// Whether a run is stopped for it.
        running: bool,
    },
    /// A dead or failed job, as it was kept, is to be tried anew.
    Replay(Box<Record>),
    /// A job that the chain had taken back, as it was kept, stands there again.
    Reopen {
        /// The job.
        record: Box<Record>,
        /// Whether its input is still to come.
        waits: bool,
    },
    /// Others have an open job on chain, or had it.
    Elsewhere {
        /// The job.
        job: JobId,
        /// Where it stands there.
        stands: Stands,
        /// What was paid for it, in raw HYPER.
        cost: u64,
    },
    /// A job that the chain had closed, as it was kept, stands there otherwise.
    Corrected {
        /// The job.
        record: Box<Record>,
        /// What the chain says now.
        event: Event,
    },
    /// A node is connected, or something about it has changed.
    Up {
        /// What is known of it; how many jobs it has is known here.
        facts: Box<NodeFacts>,
        /// How it holds leases.
        manner: Manner,
    },
    /// Its connection is gone, or it drains: it gets nothing new, and what it has goes on.
    Away {
        /// The node.
        node: NodeId,
    },
    /// It has not come back in time: what it has is lost.
    Down {
        /// The node.
        node: NodeId,
    },
    /// It takes what it was offered.
    Accept {
        /// The node.
        node: NodeId,
        /// The job.
        job: JobId,
        /// Of the offer.
        fence: u32,
    },
    /// It does not take what it was offered.
    Reject {
        /// The node.
        node: NodeId,
        /// The job.
        job: JobId,
        /// Of the offer.
        fence: u32,
    },
    /// It still runs the job.
    Renew {
        /// The node.
        node: NodeId,
        /// The job.
        job: JobId,
        /// Of the lease.
        fence: u32,
    },
    /// A run ended.
    Ended {
        /// The node.
        node: NodeId,
        /// The job.
        job: JobId,
        /// Of the lease; none from programs that know no fences.
        fence: Option<u32>,
        /// How.
        outcome: Outcome,
    },
}
