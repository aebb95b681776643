//! What a host says of jobs that it was offered or runs.

use serde::{Deserialize, Serialize};

use crate::error::FrameError;
use crate::fields::Fields;
use crate::limits::most;
use crate::text::Text;

/// An attempt at a job: the job and its fence.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct JobRef {
    /// Id of the job.
    pub job: String,
    /// Number of the attempt. What carries an older one counts for nothing.
    pub fence: u32,
}

/// How far a job is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The attempt.
    pub job: JobRef,
    /// Part that is done, 0 to 1000; more is read as 1000.
    pub permille: u16,
    /// What it is doing.
    pub message: Option<String>,
}

/// A piece of a job's output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogChunk {
    /// The attempt.
    pub job: JobRef,
    /// Where it was written.
    pub stream: Stream,
    /// The piece, at most [`most::CHUNK`] bytes of it.
    pub chunk: Text,
    /// Its number in the attempt, from 0, over both streams.
    pub seq: u64,
}

/// Where a program writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    /// Standard output, and what is not said to be the other.
    #[default]
    Stdout,
    /// Standard error.
    Stderr,
}

impl JobRef {
    pub(super) fn read(frame: Fields<'_>) -> Result<Self, FrameError> {
        Ok(Self {
            job: frame
                .id(&["job", "jobId", "id"], most::ID, FrameError::BadJob)?
                .ok_or(FrameError::BadJob)?,
            fence: frame
                .integer(&["fence"])
                .ok_or(FrameError::Field("fence"))?,
        })
    }
}

impl Progress {
    pub(super) fn read(frame: Fields<'_>) -> Result<Self, FrameError> {
        let permille: u64 = frame
            .integer(&["permille"])
            .ok_or(FrameError::Field("permille"))?;
        Ok(Self {
            job: JobRef::read(frame)?,
            permille: u16::try_from(permille).unwrap_or(u16::MAX).min(1000),
            message: frame.label(&["message"], most::MESSAGE),
        })
    }
}

impl LogChunk {
    pub(super) fn read(frame: Fields<'_>) -> Result<Self, FrameError> {
        let chunk = frame.get(&["chunk"]).and_then(|chunk| chunk.as_str());
        let stream = frame.get(&["stream"]).and_then(|stream| stream.as_str());
        Ok(Self {
            job: JobRef::read(frame)?,
            stream: match stream {
                Some("stderr") => Stream::Stderr,
                _ => Stream::Stdout,
            },
            chunk: chunk_text(chunk.ok_or(FrameError::Field("chunk"))?, frame),
            seq: frame.integer(&["seq"]).ok_or(FrameError::Field("seq"))?,
        })
    }
}

fn chunk_text(chunk: &str, frame: Fields<'_>) -> Text {
    let mut text = Text::cut(chunk, most::CHUNK);
    text.cut |= frame.flag(&["chunkCut"]) == Some(true);
    text
}
