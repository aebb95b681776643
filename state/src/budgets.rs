//! Budgets: what owners have set aside for their open jobs, and what jobs have cost them.
//!
//! A job has one open reservation at most. The sum that is kept for an owner is always that of the owner's open
//! reservations, for each stands in the unit of the reservation itself. Amounts are raw units over the whole range of `u64`.

use crate::area::area;
use crate::ids::Address;
use crate::limits::{Bounded, Check, Checked};

area!(
    Budget,
    /// Changes of budgets.
    ops BudgetOp -> BudgetReply {
        BudgetReserve => Budget,
        BudgetSettle => Settled,
    }
    /// Questions about budgets.
    queries BudgetQuery -> BudgetAnswer {
        Reserved => Budget,
        GetReservation => Option<Reservation>,
    }
);

/// Sets an amount aside for a job; the owner's budget then. After a settlement it may be done anew, for a job that is
/// opened again. Refused where the job has an open reservation, or the owner's sum would pass the cap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetReserve {
    /// The job; it need not be there yet.
    pub job: String,
    /// Who pays.
    pub owner: Address,
    /// How much.
    pub amount: u64,
    /// The most that the owner's open reservations may come to, with this one.
    pub cap: Option<u64>,
}

/// Ends a job's reservation: so much is charged, the rest is free again. Refused where the job has no reservation, it was
/// settled before, or more would be charged than was reserved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetSettle {
    /// The job.
    pub job: String,
    /// What it cost; 0 releases all.
    pub charged: u64,
}

/// The budget of an owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reserved {
    /// The owner.
    pub owner: Address,
}

/// The reservation of a job, open or settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetReservation {
    /// The job.
    pub job: String,
}

/// Sums of an owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Budget {
    /// Of open reservations.
    pub reserved: u64,
    /// How many are open.
    pub open: u64,
    /// Of what was ever charged.
    pub spent: u64,
}

/// A reservation as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reservation {
    /// Who pays.
    pub owner: Address,
    /// How much was set aside.
    pub amount: u64,
    /// What was charged; `None` while it is open.
    pub charged: Option<u64>,
}

/// A reservation that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settled {
    /// Who pays.
    pub owner: Address,
    /// What was set aside and not charged.
    pub released: u64,
    /// The owner's budget then.
    pub budget: Budget,
}

/// Why a change of a budget is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BudgetRefusal {
    /// The job has a reservation that is open.
    #[error("job {job} has {amount} reserved already")]
    Open {
        /// The job.
        job: String,
        /// How much is set aside.
        amount: u64,
    },
    /// The owner's sum would pass the cap.
    #[error("{owner} has reserved {reserved} of {cap}; {amount} more is beyond that")]
    CapExceeded {
        /// The owner.
        owner: Address,
        /// The sum of the owner's open reservations.
        reserved: u64,
        /// The cap; `u64::MAX` where there is none and the sum itself would not fit.
        cap: u64,
        /// What was asked for.
        amount: u64,
    },
    /// The job has no reservation.
    #[error("job {job} has nothing reserved")]
    Unknown {
        /// The job.
        job: String,
    },
    /// It was settled before.
    #[error("job {job} was settled before, {charged} charged")]
    Settled {
        /// The job.
        job: String,
        /// What was charged.
        charged: u64,
    },
    /// More would be charged than was set aside.
    #[error("job {job} has {amount} reserved; {charged} cannot be charged")]
    Exceeds {
        /// The job.
        job: String,
        /// What was set aside.
        amount: u64,
        /// What was to be charged.
        charged: u64,
    },
    /// The sum of all that was charged to the owner would not fit.
    #[error("{charged} more does not fit beside what was charged to {owner}: {spent}")]
    TooMuch {
        /// The owner.
        owner: Address,
        /// The sum so far.
        spent: u64,
        /// What was to be charged.
        charged: u64,
    },
}

impl Bounded for BudgetReserve {
    fn check(&self, check: &mut Check) -> Checked {
        check.id("job", &self.job)
    }
}

impl Bounded for BudgetSettle {
    fn check(&self, check: &mut Check) -> Checked {
        check.id("job", &self.job)
    }
}

impl Bounded for Reserved {
    fn check(&self, _: &mut Check) -> Checked {
        Ok(())
    }
}

impl Bounded for GetReservation {
    fn check(&self, check: &mut Check) -> Checked {
        check.id("job", &self.job)
    }
}
