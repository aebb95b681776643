//! How a job ended.

use serde_json::Value;

use crate::error::FrameError;
use crate::fields::{Fields, scalar};
use crate::limits::{Limits, most};
use crate::text::Text;

/// A result frame.
#[derive(Debug, Clone, PartialEq)]
pub struct JobResult {
    /// Which of the two frames it was.
    pub spelling: Spelling,
    /// Id of the job; none where the host was not told one: then it is the job that the socket was last sent.
    pub job: Option<String>,
    /// The node, where the host tells it.
    pub node: Option<String>,
    /// Number of the attempt, from lease-aware hosts.
    pub fence: Option<u32>,
    /// The status word as it came, at most [`most::STATUS`] bytes.
    pub status: String,
    /// What the status means.
    pub outcome: Outcome,
    /// Output and errors of the job.
    pub logs: Text,
    /// Exit code; negative for a signal, above 2³¹ for some ends on Windows.
    pub exit_code: Option<i64>,
    /// Hash over the execution, in hex.
    pub execution_hash: Option<String>,
    /// SHA-256 of the logs in hex, as sent, so of more than `logs` when those were cut.
    pub logs_hash: Option<String>,
    /// When it ended by the host's clock, epoch milliseconds.
    pub completed_at_ms: Option<u64>,
    /// What the job returned.
    pub result: Option<Value>,
    /// Whether a result was left out for its size.
    pub result_dropped: bool,
}

/// The two names of the frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Spelling {
    /// `job_result` with `id`.
    JobUnderscoreResult,
    /// `jobResult` with `jobId`.
    JobResult,
}

/// How a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Well.
    Completed,
    /// Not well.
    Failed(FailureKind),
}

/// How a job failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// It ran and ended with an error. Also a status that is unknown or that the rest of the frame contradicts.
    Failed,
    /// It ran too long. The first agent reports that as failed.
    Timeout,
    /// It could not be run.
    Error,
}

impl JobResult {
    pub(super) fn read(
        frame: Fields<'_>,
        spelling: Spelling,
        limits: &Limits,
    ) -> Result<Self, FrameError> {
        let id_names: [&str; 3] = match spelling {
            Spelling::JobUnderscoreResult => ["id", "jobId", "job"],
            Spelling::JobResult => ["jobId", "id", "job"],
        };
        let status = frame.label(&["status"], most::STATUS).unwrap_or_default();
        let exit_code = frame.integer(&["exitCode", "exit_code"]);
        let contradicted =
            frame.flag(&["success"]) == Some(false) || exit_code.is_some_and(|code| code != 0);
        let result = frame.get(&["result"]);
        let fitting = result.filter(|result| fits(result, limits.result_bytes));
        Ok(Self {
            spelling,
            job: frame.id(&id_names, most::ID, FrameError::BadJob)?,
            node: frame.id(&["nodeId", "node"], most::ID, FrameError::BadNode)?,
            fence: frame.integer(&["fence"]),
            outcome: outcome(&status, contradicted),
            status,
            logs: logs(frame, limits.logs_bytes),
            exit_code,
            execution_hash: frame.label(&["executionHash"], most::HASH),
            logs_hash: frame.label(&["logsHash"], most::HASH),
            completed_at_ms: frame.integer(&["completedAt"]),
            result: fitting.cloned(),
            result_dropped: frame.flag(&["resultDropped"]) == Some(true)
                || result.is_some() && fitting.is_none(),
        })
    }
}

/// Only a job that nothing speaks against is completed: money follows it.
fn outcome(status: &str, contradicted: bool) -> Outcome {
    let is = |word: &str| status.eq_ignore_ascii_case(word);
    Outcome::Failed(if is("completed") && !contradicted {
        return Outcome::Completed;
    } else if is("timeout") {
        FailureKind::Timeout
    } else if is("error") {
        FailureKind::Error
    } else {
        FailureKind::Failed
    })
}

/// The logs: a text, or the lines of one.
fn logs(frame: Fields<'_>, most_bytes: usize) -> Text {
    let mut logs = match frame.get(&["logs"]) {
        Some(Value::Array(lines)) => {
            let lines: Vec<_> = lines.iter().filter_map(scalar).collect();
            Text::cut(&lines.join("\n"), most_bytes)
        }
        Some(value) => Text::cut(&scalar(value).unwrap_or_default(), most_bytes),
        None => Text::default(),
    };
    logs.cut |= frame.flag(&["logsCut"]) == Some(true);
    logs
}

fn fits(value: &Value, most_bytes: usize) -> bool {
    // Counted, not written: a value that is too large is not copied first.
    struct Left(usize);
    impl std::io::Write for Left {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            match self.0.checked_sub(bytes.len()) {
                Some(left) => self.0 = left,
                None => return Err(std::io::ErrorKind::FileTooLarge.into()),
            }
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    serde_json::to_writer(Left(most_bytes), value).is_ok()
}
