//! How long and how much.

use std::time::Duration;

/// Limits of one call. Times beyond a day count as a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest name lookup.
    pub resolve: Duration,
    /// Longest wait for a connection, over all addresses that are tried.
    pub connect: Duration,
    /// Longest TLS handshake.
    pub tls: Duration,
    /// Longest time from sending the request to the end of the answer's head: a large request body counts.
    pub head: Duration,
    /// Longest call in all, the body included. A body that drips is cut here.
    pub total: Duration,
    /// Largest head of an answer in bytes; at least 8192 are read before it is enforced.
    pub head_bytes: usize,
    /// Most headers of an answer.
    pub headers: usize,
    /// Largest body of an answer in bytes; what is beyond it is cut or refused, as the request says.
    pub body_bytes: usize,
    /// Largest body of a request in bytes.
    pub request_bytes: usize,
}

impl Default for Limits {
    /// For webhooks: 5 s to resolve, connect and shake hands each, 10 s for the head, 30 s in all; heads of 16 KiB and 64
    /// headers, bodies of 64 KiB, requests of 1 MiB.
    fn default() -> Self {
        Self {
            resolve: Duration::from_secs(5),
            connect: Duration::from_secs(5),
            tls: Duration::from_secs(5),
            head: Duration::from_secs(10),
            total: Duration::from_secs(30),
            head_bytes: 16 * 1024,
            headers: 64,
            body_bytes: 64 * 1024,
            request_bytes: 1024 * 1024,
        }
    }
}

/// Calls at a time. A call that finds no place is refused at once: its caller has a queue of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Concurrency {
    /// In all.
    pub total: u32,
    /// To one destination: counted by host name, and again by address (a /64 of IPv6), so that many names of one machine
    /// do not add up against it.
    pub per_destination: u32,
}

impl Default for Concurrency {
    /// 256 in all, 8 to one destination.
    fn default() -> Self {
        Self {
            total: 256,
            per_destination: 8,
        }
    }
}

/// What an answer's body beyond [`Limits::body_bytes`] means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overflow {
    /// An error.
    #[default]
    Refuse,
    /// The first bytes are the answer, marked as truncated.
    Truncate,
}
