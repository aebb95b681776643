//! Why a frame is refused, and the words for it that hosts in the field know.

/// What the reference server says in `{"type":"error","message":…}`.
#[allow(missing_docs)] // the names say what the texts say
pub mod replies {
    pub const TOKEN_REQUIRED: &str = "Token is required";
    pub const TOKEN_INVALID: &str = "Invalid token";
    pub const TOKEN_USED: &str = "Token already used";
    pub const TYPE_UNKNOWN: &str = "Unknown message type";
    pub const NODE_INVALID: &str = "Invalid node ID";
    pub const JOB_NOT_FOUND: &str = "Job not found";
    pub const FORMAT_INVALID: &str = "Invalid message format";
}

/// Why a frame is refused. The socket stays open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Longer than the limit.
    #[error("the frame has {bytes} bytes, {most} are read")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// The limit.
        most: usize,
    },
    /// Not JSON, JSON null, or too many or too deeply nested values.
    #[error("the frame cannot be read: {0}")]
    Malformed(String),
    /// A type that nobody sends, or none.
    #[error("the frame's type {0:?} is unknown")]
    UnknownType(String),
    /// A register frame without a token and without a key to do without one.
    #[error("the register frame has no token")]
    NoToken,
    /// A token that cannot be one of ours.
    #[error("the token has the wrong form or is longer than 256 bytes")]
    BadToken,
    /// A node id that cannot be one of ours.
    #[error("the node id has the wrong form or is longer than 128 bytes")]
    BadNode,
    /// No job id where one is needed, or one that cannot be ours.
    #[error("the job id is missing, has the wrong form or is longer than 128 bytes")]
    BadJob,
    /// A field that the frame needs and that is missing, of the wrong form or too long.
    #[error("the field `{0}` is missing, has the wrong form or is too long")]
    Field(&'static str),
}

impl FrameError {
    /// The message for the host.
    #[must_use]
    pub fn reply(&self) -> &'static str {
        match self {
            Self::TooLong { .. } | Self::Malformed(_) | Self::Field(_) => replies::FORMAT_INVALID,
            Self::UnknownType(_) => replies::TYPE_UNKNOWN,
            Self::NoToken => replies::TOKEN_REQUIRED,
            Self::BadToken => replies::TOKEN_INVALID,
            Self::BadNode => replies::NODE_INVALID,
            Self::BadJob => replies::JOB_NOT_FOUND,
        }
    }
}
