//! Frames to a host. In memory one type; on the wire what the host's dialect understands.

mod job;
mod parse;
mod render;

use serde::{Deserialize, Serialize};

pub use job::{Free, Job, JobLimits, Work};
pub use render::RenderError;

use crate::error::FrameError;
use crate::secret::Secret;

/// A frame to a host. Its serde form is the lease-aware one. Times are epoch milliseconds by the server's clock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Outbound {
    /// The host is known now.
    Registered(Registered),
    /// Run this.
    Job(Box<Job>),
    /// Heard. After a result with [`Outbound::RESULT_RECEIVED`].
    Ack {
        /// What was heard.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
    },
    /// Not done. The socket stays open.
    Error {
        /// Why; one of [`replies`](crate::replies) where that says it.
        message: String,
    },
    /// Stop that job.
    JobCancel {
        /// Id of the job.
        #[serde(rename = "jobId")]
        job: String,
    },
    /// A job may be had.
    Offer(Offer),
    /// The lease of a running job goes on.
    Lease {
        /// Id of the job.
        job: String,
        /// Number of the attempt.
        fence: u32,
        /// Its new end.
        until_ms: u64,
    },
    /// Prove that you hold your key.
    Challenge {
        /// What makes it unique. The host signs `HN-NODE-v1|hub|nonce|ts`, ts being its clock.
        nonce: String,
        /// The hub's name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hub: Option<String>,
    },
    /// End your jobs and connect again: this server stops.
    Drain {
        /// Why.
        reason: String,
    },
    /// Are you there? Answered by [`Inbound::Pong`](crate::Inbound::Pong).
    Ping,
    /// Sign this with the host's key.
    Sign {
        /// Id of the request.
        request: String,
        /// The bytes in base64.
        bytes: String,
    },
}

/// Answer to a register frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    /// The node's id.
    #[serde(rename = "nodeId")]
    pub node: String,
    /// What reopens this session after a broken connection. Only lease-aware hosts are told this and the rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Secret>,
    /// How often to send heartbeats, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heartbeat_interval_ms: Option<u32>,
    /// The server's time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_time_ms: Option<u64>,
}

/// An offered job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Id of the job.
    pub job: String,
    /// Number of the attempt.
    pub fence: u32,
    /// How long it may be taken, in milliseconds from its arrival.
    pub expires_in_ms: u32,
    /// What it is about.
    pub summary: Summary,
}

/// What a host needs to know to take an offer or leave it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Type of the job, such as `llm_inference`.
    pub job_type: String,
    /// Which manifest it runs; none for a free job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<String>,
    /// Longest run in seconds.
    pub max_duration_s: u32,
    /// GPU memory that it needs, in MB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_mb: Option<u64>,
    /// What it pays in raw HYPER, as a decimal string: JSON numbers lose digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pay: Option<String>,
}

/// What kind of frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)] // the variants of `Outbound`
pub enum Kind {
    Registered,
    Job,
    Ack,
    Error,
    JobCancel,
    Offer,
    Lease,
    Challenge,
    Drain,
    Ping,
    Sign,
}

impl Outbound {
    /// What an ack says after a result.
    pub const RESULT_RECEIVED: &str = "Job result received";

    /// Answer to a heartbeat.
    #[must_use]
    pub fn ack() -> Self {
        Self::Ack { message: None }
    }

    /// Answer to a result.
    #[must_use]
    pub fn result_received() -> Self {
        Self::Ack {
            message: Some(Self::RESULT_RECEIVED.to_owned()),
        }
    }

    /// An error with one of the texts of [`replies`](crate::replies), or another where none says it.
    pub fn error(message: impl Into<String>) -> Self {
        Self::Error {
            message: message.into(),
        }
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Registered(_) => Kind::Registered,
            Self::Job(_) => Kind::Job,
            Self::Ack { .. } => Kind::Ack,
            Self::Error { .. } => Kind::Error,
            Self::JobCancel { .. } => Kind::JobCancel,
            Self::Offer(_) => Kind::Offer,
            Self::Lease { .. } => Kind::Lease,
            Self::Challenge { .. } => Kind::Challenge,
            Self::Drain { .. } => Kind::Drain,
            Self::Ping => Kind::Ping,
            Self::Sign { .. } => Kind::Sign,
        }
    }
}

impl From<&FrameError> for Outbound {
    fn from(error: &FrameError) -> Self {
        Self::error(error.reply())
    }
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Registered,
        Self::Job,
        Self::Ack,
        Self::Error,
        Self::JobCancel,
        Self::Offer,
        Self::Lease,
        Self::Challenge,
        Self::Drain,
        Self::Ping,
        Self::Sign,
    ];

    /// The frame's `type`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::Job => "job",
            Self::Ack => "ack",
            Self::Error => "error",
            Self::JobCancel => "job_cancel",
            Self::Offer => "offer",
            Self::Lease => "lease",
            Self::Challenge => "challenge",
            Self::Drain => "drain",
            Self::Ping => "ping",
            Self::Sign => "sign",
        }
    }
}
