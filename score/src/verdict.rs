//! What a job's history says of nodes: at most one thing good and one thing bad.

use crate::{
    event::Key,
    sums::{Entry, Totals},
};

/// What a job says of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Evidence {
    /// The node that it counts for.
    pub node: Key,
    /// The requester that it counts by.
    pub requester: Key,
    /// The day that it counts on, since 1970-01-01 UTC.
    pub day: i64,
    /// Units of 1/2^20, never 0.
    pub units: u64,
    /// Which event of the history made it, counted from 0: the settlement, the failure, or the assignment that expired.
    pub cause: usize,
}

impl Evidence {
    /// The units as good evidence of a day.
    #[must_use]
    pub const fn as_good(&self) -> Entry {
        self.entry(Totals {
            good: self.units,
            bad: 0,
        })
    }

    /// The units as bad evidence of a day.
    #[must_use]
    pub const fn as_bad(&self) -> Entry {
        self.entry(Totals {
            good: 0,
            bad: self.units,
        })
    }

    const fn entry(&self, Totals { good, bad }: Totals) -> Entry {
        Entry {
            requester: self.requester,
            day: self.day,
            good,
            bad,
        }
    }
}

/// What a job says of nodes at a block, and why if it says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Completed by the assignee and paid.
    pub good: Result<Evidence, NoGood>,
    /// Failed or expired with the owner's consent.
    pub bad: Result<(BadKind, Evidence), NoBad>,
}

/// How a node let a job down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadKind {
    /// The program says that it failed: one time the units of its price.
    Failed,
    /// 24 hours of block time went by: one and a half times.
    Expired,
}

/// Why a job is no good evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoGood {
    /// No creation that names a requester is known: this program has none, or indexing began later.
    NotCreated,
    /// No result was submitted.
    NotCompleted,
    /// A result was submitted, and nobody was assigned before it.
    NotAssigned,
    /// Someone other than the owner of the assigned node submitted the result.
    CompletedByOther,
    /// The assignment names no node that can be derived.
    NoNode,
    /// The requester is the node's owner.
    SelfDealing,
    /// Nobody has settled the job since it was completed.
    NotSettled,
    /// It was settled, but not to the network's accounts.
    OtherAccounts,
    /// The settlement paid the network too little to be a 1/2^20 of a unit: nothing.
    NoFee,
}

/// Why a job is no bad evidence. If several apply in turn, the last one is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoBad {
    /// No creation that names a requester is known.
    NotCreated,
    /// Nobody was assigned before the job ended.
    NotAssigned,
    /// The assignment names no node that can be derived.
    NoNode,
    /// Someone other than the node's owner signed the assignment.
    NoConsent,
    /// The requester is the node's owner.
    SelfDealing,
    /// The price would pay no fee.
    NoPrice,
    /// It is assigned, and its 24 hours are not over.
    Pending,
    /// It was completed in time, by whomever.
    Completed,
    /// It was cancelled in time.
    Cancelled,
}
