//! What the warehouse is told of each job: one message for each change and each attempt that came to nothing.

use hypernode_state::UnixMs;
use hypernode_state::outbox::Emit;
use serde::Serialize;

use crate::board::Record;
use crate::ids::{JobId, NodeId};
use crate::job::{Effect, Fault, State};

/// The outbox's topic.
pub const TOPIC: &str = "jobs";

/// A job as it is after a change.
#[derive(Serialize)]
struct Changed<'a> {
    at: UnixMs,
    job: JobId,
    fence: u32,
    failures: u8,
    queued_at: UnixMs,
    #[serde(flatten)]
    state: &'a State,
}

/// An attempt that came to nothing.
#[derive(Serialize)]
struct Missed {
    at: UnixMs,
    job: JobId,
    fence: u32,
    missed: Fault,
    node: NodeId,
}

pub(super) fn changed(record: &Record, at: UnixMs) -> Result<Emit, serde_json::Error> {
    let job = &record.job;
    emit(
        job.id,
        at,
        &Changed {
            at,
            job: job.id,
            fence: job.fence,
            failures: job.failures,
            queued_at: job.queued_at,
            state: &job.state,
        },
    )
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
    Some(emit(job, at, &missed))
}

fn emit(job: JobId, at: UnixMs, fact: &impl Serialize) -> Result<Emit, serde_json::Error> {
    Ok(Emit {
        topic: TOPIC.to_owned(),
        key: job.to_string(),
        payload: serde_json::to_vec(fact)?,
        at,
    })
}
