//! What a host says of its runs.

use hypernode_wire::{
    Dialect, FailureKind, JobResult, LogChunk, Outbound, Outcome as Said, Progress, Stream, replies,
};
use serde_json::{Map, Value};

use super::act::{Act, End};
use super::logs::Piece;
use super::session::{Session, error, job};
use crate::ids::JobId;
use crate::job::{Fault, Outcome};
use crate::outcome::Kept;

impl Session {
    /// A run ended.
    pub(super) fn result(&mut self, result: &JobResult, acts: &mut Vec<Act>) {
        let Some(here) = self.here_mut() else {
            acts.push(error(replies::JOB_NOT_FOUND));
            return;
        };
        let its = [here.uuid.to_string(), here.node.to_string()];
        if result.node.as_ref().is_some_and(|node| !its.contains(node)) {
            acts.push(error(replies::NODE_INVALID));
            return;
        }
        // Its first result shows which of two look-alikes a program is.
        let dialect = here.dialect.corrected(result.spelling);
        if dialect != here.dialect {
            here.dialect = dialect;
            acts.push(Act::Changed);
        }
        let named = match &result.job {
            Some(name) => name.parse().ok(),
            None => here.last_sent,
        };
        let Some(job) = named else {
            acts.push(error(replies::JOB_NOT_FOUND));
            return;
        };
        if dialect == Dialect::Aware && result.fence.is_none() {
            acts.push(error(
                "the field `fence` is missing: a result counts for one attempt",
            ));
            return;
        }
        let paid = here.runs.get(&job).is_none_or(|run| run.paid);
        let outcome = match outcome(result.outcome) {
            // What says `completed` without running anything is paid for nothing.
            Outcome::Completed if dialect.fakes_results() && paid => Outcome::Failed(Fault::Node),
            outcome => outcome,
        };
        acts.push(Act::End(Box::new(End {
            job,
            fence: result.fence.filter(|_| dialect == Dialect::Aware),
            outcome,
            kept: kept(result),
            answered: true,
        })));
    }

    /// What came of saying that a run ended.
    pub fn ended(&mut self, job: JobId, counts: bool, answered: bool) -> Vec<Act> {
        if let Some(here) = self.here_mut() {
            here.runs.remove(&job);
        }
        match (answered, counts) {
            (false, _) => Vec::new(),
            (true, true) => vec![Act::Send(Outbound::result_received())],
            (true, false) => vec![error(replies::JOB_NOT_FOUND)],
        }
    }

    /// How far a run is.
    pub(super) fn progress(&mut self, progress: Progress, acts: &mut Vec<Act>) {
        match self.running(&progress.job) {
            Some(job) => acts.push(Act::Log(
                job,
                Piece::Progress {
                    permille: progress.permille,
                    message: progress.message,
                },
            )),
            None => acts.push(error(replies::JOB_NOT_FOUND)),
        }
    }

    /// A piece of a run's output.
    pub(super) fn log(&mut self, chunk: LogChunk, acts: &mut Vec<Act>) {
        match self.running(&chunk.job) {
            Some(job) => acts.push(Act::Log(
                job,
                Piece::Output {
                    stderr: chunk.stream == Stream::Stderr,
                    text: chunk.chunk.text,
                    cut: chunk.chunk.cut,
                    seq: chunk.seq,
                },
            )),
            None => acts.push(error(replies::JOB_NOT_FOUND)),
        }
    }

    /// The job, if the host runs it by this fence.
    fn running(&self, named: &hypernode_wire::JobRef) -> Option<JobId> {
        let (job, fence) = job(named)?;
        self.runs(job, fence).then_some(job)
    }
}

/// By our classes: what could not be run is the node's doing, what ran and failed or took too long is the job's.
fn outcome(said: Said) -> Outcome {
    match said {
        Said::Completed => Outcome::Completed,
        Said::Failed(FailureKind::Error) => Outcome::Failed(Fault::Node),
        Said::Failed(FailureKind::Failed | FailureKind::Timeout) => Outcome::Failed(Fault::Job),
    }
}

fn kept(result: &JobResult) -> Kept {
    let mut metrics = Map::new();
    let mut tell = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            metrics.insert(name.to_owned(), value);
        }
    };
    tell(
        "status",
        (!result.status.is_empty()).then(|| result.status.clone().into()),
    );
    tell(
        "executionHash",
        result.execution_hash.clone().map(Value::from),
    );
    tell("logsHash", result.logs_hash.clone().map(Value::from));
    tell("completedAt", result.completed_at_ms.map(Value::from));
    let failed = matches!(result.outcome, Said::Failed(_));
    Kept {
        result: result.result.clone().unwrap_or_default(),
        result_dropped: result.result_dropped,
        logs: result.logs.text.clone(),
        logs_cut: result.logs.cut,
        exit_code: result.exit_code,
        error: failed
            .then(|| result.status.clone())
            .filter(|status| !status.is_empty()),
        metrics,
    }
}
