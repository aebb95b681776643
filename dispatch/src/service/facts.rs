//! What the warehouse is told of jobs: one message for each change, each attempt that came to nothing, each answer that was
//! refused, and each minute's load.

use hypernode_state::outbox::Emit;
use hypernode_state::{Address, UnixMs};
use serde::{Deserialize, Serialize};

use crate::board::Record;
use crate::ids::{JobId, NodeId};
use crate::job::{Effect, Fault, State};
use crate::outcome::Verdict;

/// The outbox's topic.
pub const TOPIC: &str = "jobs";

/// What messages that are of no job are about.
const LOAD: &str = "load";

/// A message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Fact {
    /// An attempt that came to nothing.
    Missed(Missed),
    /// An answer that was refused.
    Refused(Refused),
    /// What a second run came to.
    Rechecked(Rechecked),
    /// What the dispatcher has before it.
    Load(Load),
    /// A job as it is after a change.
    Changed(Box<Changed>),
}

/// A job as it is after a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// When.
    pub at: UnixMs,
    /// The job.
    pub job: JobId,
    /// The fence in force.
    pub fence: u32,
    /// Attempts that came to nothing.
    pub failures: u8,
    /// Since when it is to be run.
    pub queued_at: UnixMs,
    /// When it was accepted.
    pub submitted_at: UnixMs,
    /// Whose it is.
    #[serde(with = "crate::job::address")]
    pub owner: Address,
    /// 0 to 9.
    pub priority: u8,
    /// Its type; in the first message of the job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Offers that were made and runs that were begun on the way to this state.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// Where it stands.
    #[serde(flatten)]
    pub state: State,
}

/// An offer or the beginning of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "step")]
pub enum Step {
    /// A node was asked.
    Offered {
        /// The node.
        node: NodeId,
        /// Of the offer.
        fence: u32,
    },
    /// A node began.
    Run {
        /// The node.
        node: NodeId,
        /// Of the lease.
        fence: u32,
    },
}

/// An attempt that came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missed {
    /// When.
    pub at: UnixMs,
    /// The job.
    pub job: JobId,
    /// Of the attempt.
    pub fence: u32,
    /// Why.
    pub missed: Fault,
    /// The node.
    pub node: NodeId,
}

/// An answer of a node that was refused: its fence was no longer the one in force. It is paid nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// When.
    pub at: UnixMs,
    /// The job.
    pub job: JobId,
    /// The fence that it said; 0 where it said none.
    pub fence: u32,
    /// The fence in force.
    pub refused: u32,
    /// The node.
    pub node: NodeId,
}

/// What a run and its second one came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rechecked {
    /// When.
    pub at: UnixMs,
    /// The job.
    pub job: JobId,
    /// Whether they returned the same.
    pub rechecked: Verdict,
    /// The job that the second run was.
    pub copy: JobId,
    /// Its type.
    pub kind: String,
    /// The node of the first run.
    pub node: Option<NodeId>,
    /// The node of the second.
    pub second: Option<NodeId>,
}

/// What the dispatcher has before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Load {
    /// When.
    pub at: UnixMs,
    /// Nodes that are connected.
    pub nodes: u32,
    /// Jobs that they run at a time.
    pub slots: u32,
    /// Jobs that they have.
    pub busy: u32,
    /// Jobs that wait.
    pub queued: u32,
    /// Jobs that have not ended.
    pub open: u32,
}

pub(super) fn changed(
    record: &Record,
    kind: Option<String>,
    effects: &[Effect],
    at: UnixMs,
) -> Result<Emit, serde_json::Error> {
    let job = &record.job;
    let steps = effects.iter().filter_map(|effect| match *effect {
        Effect::Offer { node, fence, .. } => Some(Step::Offered { node, fence }),
        Effect::Run { node, fence, .. } => Some(Step::Run { node, fence }),
        _ => None,
    });
    let changed = Changed {
        at,
        job: job.id,
        fence: job.fence,
        failures: job.failures,
        queued_at: job.queued_at,
        submitted_at: job.terms.submitted_at,
        owner: job.terms.owner,
        priority: job.terms.priority,
        kind,
        steps: steps.collect(),
        state: job.state,
    };
    emit(job.id.to_string(), at, &changed)
}

pub(super) fn missed(
    job: JobId,
    effect: &Effect,
    at: UnixMs,
) -> Option<Result<Emit, serde_json::Error>> {
    let Effect::Missed { node, fence, fault } = *effect else {
        return None;
    };
    let missed = Missed {
        at,
        job,
        fence,
        missed: fault,
        node,
    };
    Some(emit(job.to_string(), at, &missed))
}

pub(super) fn refused(refused: &Refused) -> Result<Emit, serde_json::Error> {
    emit(refused.job.to_string(), refused.at, refused)
}

pub(crate) fn rechecked(rechecked: &Rechecked) -> Result<Emit, serde_json::Error> {
    emit(rechecked.job.to_string(), rechecked.at, rechecked)
}

pub(super) fn load(load: &Load) -> Result<Emit, serde_json::Error> {
    emit(LOAD.to_owned(), load.at, load)
}

fn emit(key: String, at: UnixMs, fact: &impl Serialize) -> Result<Emit, serde_json::Error> {
    Ok(Emit {
        topic: TOPIC.to_owned(),
        key,
        payload: serde_json::to_vec(fact)?,
        at,
    })
}
