//! Why something that was asked is not done.

use std::time::Duration;

use hypernode_accounts::{AccountError, NoRandomness};
use hypernode_state::StoreError;

use crate::asked::Wrong;
use crate::board::Denied;
use crate::bridge::write::CreateError;
use crate::nodes::NodesError;
use crate::service::DispatchError;

/// Types of jobs that may be submitted, in the words of the interfaces.
pub const JOB_TYPES: [&str; 6] = [
    "llm_inference",
    "llm_fine_tuning",
    "rag_indexing",
    "vision_pipeline",
    "render",
    "generic_compute",
];

/// Why something that was asked is not done.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// A field is missing or out of range; the text names it.
    #[error("{0}")]
    Wrong(String),
    /// None of [`JOB_TYPES`].
    #[error("Invalid job type")]
    JobType,
    /// What was submitted is larger than what is kept.
    #[error(
        "the job is too large: at most {0} bytes of model, input, requirements and args are kept"
    )]
    TooLarge(usize),
    /// No such job.
    #[error("Job not found")]
    UnknownJob,
    /// Only what waits can be cancelled by this.
    #[error("Can only cancel pending or queued jobs")]
    NotCancellable,
    /// The node that speaks is not the one that has the job.
    #[error("this job is not assigned to node {0}")]
    NotAssigned(String),
    /// The job has ended: the first result counts.
    #[error("this job has ended ({0}), and its first result counts")]
    Over(&'static str),
    /// The attempt that is spoken of was given up.
    #[error(
        "stale: the job has moved on to attempt {0}; what comes of an earlier one does not count"
    )]
    Stale(u32),
    /// The time for it is over.
    #[error("late: the time for this run is over, and the job goes to another node")]
    Late,
    /// The owner submits too fast.
    #[error("this wallet submits too many jobs: try again in {} s", .0.as_secs() + 1)]
    TooFast(Duration),
    /// The owner has as many open jobs as it may have.
    #[error("{0} jobs of this wallet are open; more are accepted when some of them have ended")]
    TooManyOpen(u32),
    /// The API key may not spend so much.
    #[error(transparent)]
    Key(AccountError),
    /// The idempotency key was used for another request.
    #[error(
        "this Idempotency-Key was used for another request in the last 24 hours: send a new one"
    )]
    KeyReused,
    /// The same request is being worked on.
    #[error("the same request is being worked on: ask again in a moment")]
    InFlight,
    /// A job is not created on chain.
    #[error(transparent)]
    Chain(#[from] CreateError),
    /// This instance writes nothing to the chain.
    #[error(
        "this instance writes nothing to the chain (chain.write is off): create the job there by yourself, and post its requirements and input to /api/jobs/{{its account}}/input"
    )]
    NoChain,
    /// Something about a node.
    #[error(transparent)]
    Node(#[from] NodesError),
    /// There is no dispatcher just now.
    #[error("dispatch is starting anew; ask again in a moment")]
    Away,
    /// The store failed, or is busy.
    #[error("the store of dispatch: {0}")]
    Store(#[from] StoreError),
    /// The system gave no randomness.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
    /// What is kept of a job cannot be read, or what is to be kept cannot be written.
    #[error("job {job}: {error}")]
    Record {
        /// The job.
        job: String,
        /// Why.
        error: String,
    },
}

impl From<Wrong> for DeskError {
    fn from(Wrong(text): Wrong) -> Self {
        Self::Wrong(text)
    }
}

impl From<DispatchError> for DeskError {
    fn from(error: DispatchError) -> Self {
        use crate::job::Refusal;
        match error {
            DispatchError::Ended => Self::Away,
            DispatchError::Denied(Denied::UnknownJob | Denied::KnownJob) => Self::UnknownJob,
            // The board forgot it, or does not know it yet: both pass.
            DispatchError::Denied(Denied::UnknownNode) => Self::Away,
            DispatchError::Denied(Denied::TooManyOpen(most)) => Self::TooManyOpen(most),
            DispatchError::Denied(Denied::Job(refusal)) => match refusal {
                Refusal::Stale { now } => Self::Stale(now),
                Refusal::Late => Self::Late,
                Refusal::Over => Self::Over("ended"),
                Refusal::Running | Refusal::NotNow | Refusal::Excluded => Self::NotCancellable,
            },
        }
    }
}
