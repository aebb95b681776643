//! Reservations as a map; what is reserved is summed up each time.

use std::collections::BTreeMap;

use hypernode_state::Address;
use hypernode_state::budgets::{
    Budget, BudgetAnswer, BudgetOp, BudgetQuery, BudgetRefusal, BudgetReply, Reservation, Settled,
};

use super::Stop;

#[derive(Debug, Clone, Default)]
pub(crate) struct Budgets {
    reservations: BTreeMap<String, Reservation>,
    spent: BTreeMap<Address, u64>,
}

impl Budgets {
    fn budget(&self, owner: Address) -> Budget {
        let open = || {
            let of_owner = self.reservations.values().filter(|r| r.owner == owner);
            of_owner.filter(|r| r.charged.is_none())
        };
        Budget {
            reserved: open().map(|r| r.amount).sum(),
            open: open().count() as u64,
            spent: self.spent.get(&owner).copied().unwrap_or(0),
        }
    }

    pub(crate) fn run(&mut self, op: &BudgetOp) -> Result<BudgetReply, Stop> {
        Ok(match op {
            BudgetOp::BudgetReserve(op) => {
                let (job, owner, amount) = (op.job.clone(), op.owner, op.amount);
                let open = self.reservations.get(&job).filter(|r| r.charged.is_none());
                if let Some(Reservation { amount, .. }) = open.copied() {
                    return Err(BudgetRefusal::Open { job, amount }.into());
                }
                let (reserved, cap) = (self.budget(owner).reserved, op.cap.unwrap_or(u64::MAX));
                if u128::from(reserved) + u128::from(amount) > u128::from(cap) {
                    return Err(BudgetRefusal::CapExceeded {
                        owner,
                        reserved,
                        cap,
                        amount,
                    }
                    .into());
                }
                let reservation = Reservation {
                    owner,
                    amount,
                    charged: None,
                };
                self.reservations.insert(job, reservation);
                BudgetReply::BudgetReserve(self.budget(owner))
            }
            BudgetOp::BudgetSettle(op) => {
                let (job, charged) = (op.job.clone(), op.charged);
                let Some(&reservation) = self.reservations.get(&job) else {
                    return Err(BudgetRefusal::Unknown { job }.into());
                };
                let Reservation { owner, amount, .. } = reservation;
                if let Some(charged) = reservation.charged {
                    return Err(BudgetRefusal::Settled { job, charged }.into());
                }
                if charged > amount {
                    return Err(BudgetRefusal::Exceeds {
                        job,
                        amount,
                        charged,
                    }
                    .into());
                }
                let spent = self.budget(owner).spent;
                if spent.checked_add(charged).is_none() {
                    return Err(BudgetRefusal::TooMuch {
                        owner,
                        spent,
                        charged,
                    }
                    .into());
                }
                self.spent.insert(owner, spent + charged);
                let charged_now = Reservation {
                    charged: Some(charged),
                    ..reservation
                };
                self.reservations.insert(job, charged_now);
                BudgetReply::BudgetSettle(Settled {
                    owner,
                    released: amount - charged,
                    budget: self.budget(owner),
                })
            }
        })
    }

    /// Whether a job has an open reservation.
    pub(crate) fn open(&self, job: &str) -> bool {
        let reservation = self.reservations.get(job);
        reservation.is_some_and(|reservation| reservation.charged.is_none())
    }

    pub(crate) fn forget(&mut self, job: &str) {
        self.reservations.remove(job);
    }

    pub(crate) fn ask(&self, query: &BudgetQuery) -> BudgetAnswer {
        match query {
            BudgetQuery::Reserved(query) => BudgetAnswer::Reserved(self.budget(query.owner)),
            BudgetQuery::GetReservation(query) => {
                BudgetAnswer::GetReservation(self.reservations.get(&query.job).copied())
            }
        }
    }
}
