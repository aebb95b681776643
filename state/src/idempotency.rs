//! Requests that may be repeated: the first one works, the others get its response.
//!
//! [`IdempotencyBegin`] stands first in a unit: where the key was used before, its refusal carries what to answer and
//! stops the rest. Work that does not fit into one unit begins, works, and finishes under the attempt that it was given;
//! an attempt that died is taken over when its hold is over.

use crate::area::area;
use crate::ids::{Digest, UnixMs};
use crate::limits::{Bounded, Check, Checked, PAYLOAD};

area!(
    Idempotency,
    /// Changes of idempotency keys.
    ops IdempotencyOp -> IdempotencyReply {
        IdempotencyBegin => u64,
        IdempotencyFinish => (),
        IdempotencyAbandon => (),
        IdempotencyPurge => u64,
    }
    /// Questions about idempotency keys.
    queries IdempotencyQuery -> IdempotencyAnswer {
        GetIdempotency => Option<IdempotencyRecord>,
    }
);

/// Begins a request; its attempt's number, unique over all keys and growing. Refused, with what to answer, where the key
/// was used before and has not expired at `now`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyBegin {
    /// Whose key it is: keys of two owners never meet.
    pub owner: String,
    /// The key that the client chose.
    pub key: String,
    /// Hash of the request.
    pub body: Digest,
    /// Now.
    pub now: UnixMs,
    /// While it is in flight, nobody takes it over for so many milliseconds.
    pub hold_ms: i64,
    /// From this time on the key is free.
    pub expires_at: UnixMs,
}

/// Stores the response. Refused where the attempt is not the one in flight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyFinish {
    /// Whose key it is.
    pub owner: String,
    /// The key.
    pub key: String,
    /// The attempt, or `None` for the one that was begun earlier in the same unit.
    pub attempt: Option<u64>,
    /// The response; up to [`PAYLOAD`] bytes.
    pub response: Vec<u8>,
}

/// Frees a key whose request came to nothing. Refused where the attempt is not the one in flight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyAbandon {
    /// Whose key it is.
    pub owner: String,
    /// The key.
    pub key: String,
    /// The attempt.
    pub attempt: u64,
}

/// Removes keys that expired at `now` or before, earliest first; how many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyPurge {
    /// Now.
    pub now: UnixMs,
    /// At most so many.
    pub limit: u32,
}

/// One key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetIdempotency {
    /// Whose key it is.
    pub owner: String,
    /// The key.
    pub key: String,
}

/// A key as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyRecord {
    /// Hash of the request.
    pub body: Digest,
    /// The attempt that is in flight or stored the response.
    pub attempt: u64,
    /// Until when nobody takes over an attempt in flight.
    pub held_until: UnixMs,
    /// The response; `None` while in flight.
    pub response: Option<Vec<u8>>,
    /// From this time on the key is free.
    pub expires_at: UnixMs,
}

/// Why a change of an idempotency key is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdempotencyRefusal {
    /// The same request was answered: this is the answer.
    #[error("the request was answered before")]
    Answered {
        /// The stored response.
        response: Vec<u8>,
    },
    /// The same request is being worked on.
    #[error("the request is being worked on, at most until {held_until}")]
    InFlight {
        /// From this time on it may be begun again.
        held_until: UnixMs,
    },
    /// The key was used for another request.
    #[error("the key was used for another request")]
    Conflict,
    /// The attempt is not the one in flight.
    #[error("attempt {} is not the one in flight", given.map_or_else(|| "none".to_owned(), |n| n.to_string()))]
    NotInFlight {
        /// The attempt that was given.
        given: Option<u64>,
    },
}

impl Bounded for IdempotencyBegin {
    fn check(&self, check: &mut Check) -> Checked {
        check.name("owner", &self.owner)?;
        check.name("key", &self.key)?;
        check.time("now", self.now)?;
        check.span("hold_ms", self.hold_ms)?;
        check.time("expires_at", self.expires_at)
    }
}

impl Bounded for IdempotencyFinish {
    fn check(&self, check: &mut Check) -> Checked {
        check.name("owner", &self.owner)?;
        check.name("key", &self.key)?;
        check.blob("response", &self.response, PAYLOAD)
    }
}

impl Bounded for IdempotencyAbandon {
    fn check(&self, check: &mut Check) -> Checked {
        check.name("owner", &self.owner)?;
        check.name("key", &self.key)
    }
}

impl Bounded for IdempotencyPurge {
    fn check(&self, check: &mut Check) -> Checked {
        check.time("now", self.now)?;
        check.many("limit", self.limit)
    }
}

impl Bounded for GetIdempotency {
    fn check(&self, check: &mut Check) -> Checked {
        check.name("owner", &self.owner)?;
        check.name("key", &self.key)
    }
}
