//! What a session wants done.

use hypernode_accounts::PublicKey;
use hypernode_wire::{Outbound, Register};
use serde_json::Value;

use super::logs::Piece;
use crate::ids::JobId;
use crate::job::Outcome;
use crate::outcome::Kept;

/// What a session wants done, in order.
#[derive(Debug)]
pub enum Act {
    /// Send this, in the session's dialect.
    Send(Outbound),
    /// Let the host in, and tell the session what came of it.
    Enter(Box<Enter>),
    /// The host takes an offer.
    Accept(JobId, u32),
    /// The host does not take an offer.
    Reject(JobId, u32),
    /// The host still runs these.
    Renew(Vec<(JobId, u32)>),
    /// A run ended; tell the session what came of saying so.
    End(Box<End>),
    /// The host gets nothing new.
    Away,
    /// What the matchmaker knows of the node has changed.
    Changed,
    /// The node shows life.
    Beat,
    /// What the node tells of itself.
    Tell(Value),
    /// A piece of a job's output, or how far it is.
    Log(JobId, Piece),
    /// The time from an offer to its answer, in ms.
    Answered(u32),
    /// The node let a job's time pass.
    Lapsed,
    /// An answer to something that the host was asked to sign.
    Signed(hypernode_wire::Signed),
    /// The host is to get its test job now.
    Test,
    /// The socket is to be closed.
    Close(Close),
}

/// A host that wants in.
#[derive(Debug)]
pub struct Enter {
    /// What it said.
    pub register: Register,
    /// The key that it has proven.
    pub proven: Option<PublicKey>,
}

/// A run that ended.
#[derive(Debug)]
pub struct End {
    /// The job.
    pub job: JobId,
    /// Of the lease; none from programs that know no fences.
    pub fence: Option<u32>,
    /// How.
    pub outcome: Outcome,
    /// What is kept of it.
    pub kept: Kept,
    /// Whether the host is told what came of it: it is not where it said nothing.
    pub answered: bool,
}

/// Why a socket is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Close {
    /// It did not register in time.
    Unregistered,
    /// Nothing was heard of it for too long.
    Silent,
    /// It sent more than it may.
    Flood,
    /// It sent a frame that is longer than any may be.
    TooLong,
    /// It takes nothing of what it is sent.
    Slow,
    /// Its node has another connection now.
    Replaced,
    /// Its token was revoked, or its node was deregistered.
    Revoked,
    /// This server stops.
    Stopping,
    /// The host closed it.
    Gone,
}

impl Close {
    /// The close code of RFC 6455.
    pub fn code(self) -> u16 {
        match self {
            Self::Gone => 1000,
            Self::Stopping => 1001,
            Self::Unregistered | Self::Flood | Self::Replaced | Self::Revoked => 1008,
            Self::TooLong => 1009,
            Self::Silent | Self::Slow => 1011,
        }
    }

    /// The reason, for people.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Unregistered => "no register frame came in time",
            Self::Silent => "nothing was heard for too long",
            Self::Flood => "too many frames or bytes: slow down and connect again",
            Self::TooLong => "the frame is longer than any may be",
            Self::Slow => "what was sent was not read",
            Self::Replaced => "the node has another connection now",
            Self::Revoked => "the token was revoked or the node deregistered",
            Self::Stopping => "the server stops: connect again",
            Self::Gone => "",
        }
    }
}
