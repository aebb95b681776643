//! Named leases: a role that one holder has at a time.
//!
//! The fence grows with each acquisition, so that who lost a role without noticing is found out: [`RequireLease`] in a
//! unit makes the rest of it happen only while that fence is the last one.

use crate::area::area;
use crate::ids::UnixMs;
use crate::limits::{Bounded, Check, Checked};

area!(
    Lease,
    /// Changes of named leases.
    ops LeaseOp -> LeaseReply {
        LeaseAcquire => LeaseRecord,
        LeaseRenew => LeaseRecord,
        LeaseRelease => (),
        RequireLease => (),
    }
    /// Questions about named leases.
    queries LeaseQuery -> LeaseAnswer {
        GetLease => Option<LeaseRecord>,
    }
);

/// A lease as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseRecord {
    /// What is leased.
    pub role: String,
    /// Who has it or had it last; `None` after a release.
    pub holder: Option<String>,
    /// The number of acquisitions; the fence of the last one.
    pub fence: u64,
    /// Until when nobody else gets it.
    pub until: UnixMs,
}

/// Takes a role that is free, was released, or whose lease has ended at `now`; also one that the same holder has. Refused
/// where another has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseAcquire {
    /// What is leased.
    pub role: String,
    /// Who wants it.
    pub holder: String,
    /// Now.
    pub now: UnixMs,
    /// The lease ends so many milliseconds from now.
    pub lease_ms: i64,
}

/// Extends a lease, even one that has ended if nobody has taken it. It never becomes shorter. Refused where the fence is
/// not the last one, or the role was released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseRenew {
    /// What is leased.
    pub role: String,
    /// The fence of the acquisition.
    pub fence: u64,
    /// Now.
    pub now: UnixMs,
    /// The lease ends so many milliseconds from now.
    pub lease_ms: i64,
}

/// Gives a role back. Refused where the fence is not the last one, or the role was released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseRelease {
    /// What is leased.
    pub role: String,
    /// The fence of the acquisition.
    pub fence: u64,
}

/// A precondition for the rest of the unit: this fence is the role's last one and was not released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequireLease {
    /// What is leased.
    pub role: String,
    /// The fence of the acquisition.
    pub fence: u64,
}

/// One role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetLease {
    /// What is leased.
    pub role: String,
}

/// Why a change of a lease is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LeaseRefusal {
    /// Another has it.
    #[error("{role} is held by {holder} until {until}")]
    Held {
        /// What is leased.
        role: String,
        /// Who has it.
        holder: String,
        /// Until when, Unix milliseconds.
        until: UnixMs,
    },
    /// The fence is not the one that holds the role.
    #[error("fence {given} does not hold {role}; the last one is {current}")]
    Lost {
        /// What is leased.
        role: String,
        /// The fence that was given.
        given: u64,
        /// The last fence; 0 where the role was never taken.
        current: u64,
    },
}

impl Bounded for LeaseAcquire {
    fn check(&self, check: &mut Check) -> Checked {
        check.name("role", &self.role)?;
        check.name("holder", &self.holder)?;
        check.time("now", self.now)?;
        check.span("lease_ms", self.lease_ms)
    }
}

impl Bounded for LeaseRenew {
    fn check(&self, check: &mut Check) -> Checked {
        check.name("role", &self.role)?;
        check.time("now", self.now)?;
        check.span("lease_ms", self.lease_ms)
    }
}

impl Bounded for LeaseRelease {
    fn check(&self, check: &mut Check) -> Checked {
        check.name("role", &self.role)
    }
}

impl Bounded for RequireLease {
    fn check(&self, check: &mut Check) -> Checked {
        check.name("role", &self.role)
    }
}

impl Bounded for GetLease {
    fn check(&self, check: &mut Check) -> Checked {
        check.name("role", &self.role)
    }
}
