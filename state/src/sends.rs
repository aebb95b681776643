//! Transactions on their way to a chain: what is sent is kept before, so that after a crash the same bytes go out again.
//!
//! What a record says is the sender's; an id is taken once for ever, so that nothing is sent for the same purpose twice.

use crate::area::area;
use crate::ids::UnixMs;
use crate::limits::{Bounded, Check, Checked, RECORD};

area!(
    Send,
    /// Changes of transactions on their way.
    ops SendOp -> SendReply {
        SendAdd => u64,
        SendPut => u64,
    }
    /// Questions about transactions on their way.
    queries SendQuery -> SendAnswer {
        GetSend => Option<SendRecord>,
        OpenSends => Vec<SendRecord>,
    }
);

/// A transaction on its way as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendRecord {
    /// Its place in the order of additions, from 1.
    pub number: u64,
    /// What it is for.
    pub id: String,
    /// Whether more is to happen to it.
    pub open: bool,
    /// The number of its last change, from 1.
    pub version: u64,
    /// When it was added.
    pub created_at: UnixMs,
    /// When it was last put.
    pub changed_at: UnixMs,
    /// The sender's record.
    pub record: Vec<u8>,
}

/// Adds one, open; its number. Refused where the id is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendAdd {
    /// What it is for.
    pub id: String,
    /// The sender's record; up to [`RECORD`] bytes.
    pub record: Vec<u8>,
    /// Now.
    pub at: UnixMs,
}

/// Replaces a record; its new version. Refused where the version is not that of the last change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendPut {
    /// What it is for.
    pub id: String,
    /// The version that this changes.
    pub version: u64,
    /// Whether more is to happen to it.
    pub open: bool,
    /// The sender's record; up to [`RECORD`] bytes.
    pub record: Vec<u8>,
    /// Now.
    pub at: UnixMs,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetSend {
    /// What it is for.
    pub id: String,
}

/// Those that are open, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenSends {
    /// Only numbers greater than this; 0 for all.
    pub after: u64,
    /// At most so many; up to [`crate::limits::PAGE`].
    pub limit: u32,
}

/// Why a change is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendRefusal {
    /// There is one for this.
    #[error("a transaction for {id} is there already")]
    Exists {
        /// What it is for.
        id: String,
    },
    /// There is none.
    #[error("there is no transaction for {id}")]
    Unknown {
        /// What it would be for.
        id: String,
    },
    /// It was changed since.
    #[error("the transaction for {id} is at version {current}, not {given}")]
    Stale {
        /// What it is for.
        id: String,
        /// The version that was given.
        given: u64,
        /// The version that it has.
        current: u64,
    },
}

impl Bounded for SendAdd {
    fn check(&self, check: &mut Check) -> Checked {
        check.name("id", &self.id)?;
        check.blob("record", &self.record, RECORD)?;
        check.time("at", self.at)
    }
}

impl Bounded for SendPut {
    fn check(&self, check: &mut Check) -> Checked {
        check.name("id", &self.id)?;
        check.blob("record", &self.record, RECORD)?;
        check.time("at", self.at)
    }
}

impl Bounded for GetSend {
    fn check(&self, check: &mut Check) -> Checked {
        check.name("id", &self.id)
    }
}

impl Bounded for OpenSends {
    fn check(&self, check: &mut Check) -> Checked {
        check.page("limit", self.limit)
    }
}
