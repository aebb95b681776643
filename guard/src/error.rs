//! Why a call gave no answer: the stage, and a reason that a site's owner can act on.

use std::fmt;
use std::io;
use std::time::Duration;

use crate::address::Refused;
use crate::places::Scope;
use crate::request::RequestError;
use crate::target::TargetError;
use crate::tls::TlsError;

/// The stages of a call, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// The URL and the request are read; nothing was sent to anybody.
    Request,
    /// A place among the calls under way.
    Queue,
    /// The name's lookup.
    Resolve,
    /// The judgement over its addresses.
    Judge,
    /// The TCP connection.
    Connect,
    /// The TLS handshake.
    Tls,
    /// The request, up to the end of the answer's head.
    Head,
    /// The answer's body.
    Body,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Request => "reading the request",
            Self::Queue => "waiting for a place",
            Self::Resolve => "looking up the host name",
            Self::Judge => "checking the host's addresses",
            Self::Connect => "connecting",
            Self::Tls => "the TLS handshake",
            Self::Head => "waiting for the head of the answer",
            Self::Body => "reading the body of the answer",
        })
    }
}

/// Why a call gave no answer. Texts are for the owner of the URL; they hold no address that a lookup found.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The URL is not called.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The request cannot be sent.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// Too many calls are under way; the same call may pass later.
    #[error("too many calls {0} are under way; try again later")]
    Busy(Scope),
    /// The name could not be looked up.
    #[error(
        "the host name could not be looked up: it has no address, or its name servers do not answer"
    )]
    Unresolved(#[source] io::Error),
    /// The name has more addresses than are judged.
    #[error("the host name has more than {most} addresses")]
    ManyAddresses {
        /// The limit.
        most: usize,
    },
    /// The name leads to an address that is not public. One such address among others is enough.
    #[error(
        "the host name has an address that is not called: {0}; every address of the name must be public"
    )]
    Address(Refused),
    /// No address could be connected to.
    #[error("could not connect: {0}")]
    Connect(io::ErrorKind),
    /// TLS could not be established.
    #[error("no secure connection: {0}")]
    Tls(TlsError),
    /// What came is not an answer, or one beyond the limits.
    #[error("{what} ({stage})")]
    Http {
        /// `Head` or `Body`.
        stage: Stage,
        /// What was wrong.
        what: HttpError,
    },
    /// A stage took longer than its limit, or all of them than the deadline.
    #[error("timed out after {} ms: {stage}", after.as_millis())]
    Timeout {
        /// The stage that was cut off.
        stage: Stage,
        /// How long that stage had.
        after: Duration,
    },
}

impl CallError {
    /// The stage that ended the call.
    pub fn stage(&self) -> Stage {
        match self {
            Self::Target(_) | Self::Request(_) => Stage::Request,
            Self::Busy(_) => Stage::Queue,
            Self::Unresolved(_) => Stage::Resolve,
            Self::ManyAddresses { .. } | Self::Address(_) => Stage::Judge,
            Self::Connect(_) => Stage::Connect,
            Self::Tls(_) => Stage::Tls,
            Self::Http { stage, .. } | Self::Timeout { stage, .. } => *stage,
        }
    }

    /// Whether the same call will fail again until somebody changes the URL, the request or the name's addresses.
    pub fn is_lasting(&self) -> bool {
        matches!(self.stage(), Stage::Request | Stage::Judge)
    }

    /// Whether the caller's own limits, not the destination, ended the call before it began.
    pub fn is_busy(&self) -> bool {
        matches!(self, Self::Busy(_))
    }
}

/// What is wrong with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// The head is beyond the limits.
    #[error(
        "the head of the answer is larger than {bytes} bytes or has more than {headers} headers"
    )]
    HeadTooLarge {
        /// Most bytes.
        bytes: usize,
        /// Most headers.
        headers: usize,
    },
    /// The body is beyond the limit, and the request asked to refuse that.
    #[error("the body of the answer is larger than {bytes} bytes")]
    BodyTooLarge {
        /// Most bytes.
        bytes: usize,
    },
    /// The connection ended before the answer did.
    #[error("the server closed the connection before its answer was complete")]
    CutShort,
    /// The bytes are not HTTP/1.1.
    #[error("the answer is not valid HTTP/1.1")]
    Malformed,
    /// 101, which was not asked for.
    #[error("the server switched to another protocol that nobody asked for")]
    Switched,
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Broken(io::ErrorKind),
}

/// Why a connector could not be made.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The system has no certificate store that can be read.
    #[error(
        "no root certificate found: install the system's ca-certificates, or name a file in SSL_CERT_FILE"
    )]
    NoRoots,
    /// A given root certificate cannot be read, or the TLS library refuses the settings.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
}
