//! Frames from a host, in every dialect, as one type.

mod heartbeat;
mod job_result;
mod register;
mod running;
mod signed;
mod write;

pub use heartbeat::{Heartbeat, Stats};
pub use job_result::{FailureKind, JobResult, Outcome, Spelling};
pub use register::Register;
pub use running::{JobRef, LogChunk, Progress, Stream};
pub use signed::{SignAnswer, Signed};

use crate::error::FrameError;
use crate::fields::Fields;
use crate::json;
use crate::limits::{Limits, most};
use crate::text::label;

/// A frame from a host.
#[derive(Debug, Clone, PartialEq)]
pub enum Inbound {
    /// A host says who it is. The first frame.
    Register(Box<Register>),
    /// A sign of life.
    Heartbeat(Heartbeat),
    /// How a job ended.
    JobResult(Box<JobResult>),
    /// Answer to [`Outbound::Ping`](crate::Outbound::Ping).
    Pong,
    /// An offer is taken.
    Accept(JobRef),
    /// An offer is not taken.
    Reject {
        /// The offer's job.
        job: JobRef,
        /// Why, in the host's words.
        reason: Option<String>,
    },
    /// How far a running job is.
    Progress(Progress),
    /// A piece of a running job's output.
    Log(LogChunk),
    /// The host ends its jobs and takes no more.
    Drain,
    /// Answer to [`Outbound::Challenge`](crate::Outbound::Challenge).
    Auth {
        /// Signature in base58, 64 to 88 characters of its alphabet; says nothing of whether it is genuine.
        signature: String,
        /// The host's clock when it signed, epoch milliseconds: part of what is signed.
        ts: i64,
    },
    /// Answer to [`Outbound::Sign`](crate::Outbound::Sign).
    Signed(Signed),
}

impl Inbound {
    /// Reads a frame of any dialect. Unknown fields are ignored; what is optional and has the wrong form is as good as absent.
    ///
    /// # Errors
    /// With the reply for the host, [`FrameError::reply`].
    pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Self, FrameError> {
        let frame = json::object(bytes, limits.frame_bytes)?;
        Self::read(Fields(&frame), limits)
    }

    pub(crate) fn read(frame: Fields<'_>, limits: &Limits) -> Result<Self, FrameError> {
        let kind = frame.get(&["type"]).and_then(|kind| kind.as_str());
        Ok(match kind.unwrap_or_default() {
            "register" => Self::Register(Box::new(Register::read(frame)?)),
            "heartbeat" => Self::Heartbeat(Heartbeat::read(frame)?),
            "job_result" => Self::JobResult(Box::new(JobResult::read(
                frame,
                Spelling::JobUnderscoreResult,
                limits,
            )?)),
            "jobResult" => Self::JobResult(Box::new(JobResult::read(
                frame,
                Spelling::JobResult,
                limits,
            )?)),
            "pong" => Self::Pong,
            "accept" => Self::Accept(JobRef::read(frame)?),
            "reject" => Self::Reject {
                job: JobRef::read(frame)?,
                reason: frame.label(&["reason"], most::REASON),
            },
            "progress" => Self::Progress(Progress::read(frame)?),
            "log" => Self::Log(LogChunk::read(frame)?),
            "drain" => Self::Drain,
            "auth" => Self::Auth {
                signature: signed::signature(frame)?,
                ts: frame.integer(&["ts"]).ok_or(FrameError::Field("ts"))?,
            },
            "signed" => Self::Signed(Signed::read(frame)?),
            other => {
                let kind = label(other, most::STATUS).unwrap_or_default();
                return Err(FrameError::UnknownType(kind));
            }
        })
    }
}

/// Whether a text is `least` to `most` characters of base58.
fn is_base58(text: &str, least: usize, most: usize) -> bool {
    let in_alphabet = |b: u8| b.is_ascii_alphanumeric() && !matches!(b, b'0' | b'O' | b'I' | b'l');
    (least..=most).contains(&text.len()) && text.bytes().all(in_alphabet)
}
