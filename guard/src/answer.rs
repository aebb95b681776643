//! What came back.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::HeaderMap;

/// An answer, whatever its status: redirects and errors of the server are answers too.
#[derive(Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers, at most [`crate::Limits::headers`].
    pub headers: HeaderMap,
    /// The body as it came, at most [`crate::Limits::body_bytes`]; a `content-encoding` is not undone.
    pub body: Bytes,
    /// Whether the body goes on beyond what is here.
    pub truncated: bool,
    /// How long each stage took.
    pub timings: Timings,
    /// The address that answered.
    pub remote: SocketAddr,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Headers and bodies of strangers may be secrets of somebody else, and may be long.
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("headers", &self.headers.len())
            .field("body", &self.body.len())
            .field("truncated", &self.truncated)
            .field("timings", &self.timings)
            .field("remote", &self.remote)
            .finish()
    }
}

/// How long each stage took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timings {
    /// The lookup; zero for an address.
    pub resolve: Duration,
    /// The connection, attempts at other addresses included.
    pub connect: Duration,
    /// The TLS handshake; `None` without TLS.
    pub tls: Option<Duration>,
    /// From sending the request to the end of the answer's head.
    pub first_byte: Duration,
    /// All of it, to the last byte of the body.
    pub total: Duration,
}
