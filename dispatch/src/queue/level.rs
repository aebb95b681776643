//! The jobs of one level: owners in the order of their turns, each with its jobs in the order of their age.

use std::collections::{BTreeSet, HashMap};

use super::owners::Owners;
use super::{ClassId, Rank, Ticket};

/// The jobs of one level.
#[derive(Debug, Default)]
pub(super) struct Level {
    lanes: HashMap<u32, Lane>,
    /// Owners that are not parked. Turns may be behind: an owner that was served elsewhere is moved when it comes first.
    order: BTreeSet<(u64, u32)>,
}

/// The jobs of one owner.
#[derive(Debug, Default)]
struct Lane {
    /// Its key in the order; none while it is parked.
    turn: Option<u64>,
    jobs: BTreeSet<(i64, Ticket)>,
}

impl Level {
    pub(super) fn insert(&mut self, minute: i64, owner: u32, ticket: Ticket, owners: &Owners) {
        let lane = self.lanes.entry(owner).or_default();
        let new = lane.jobs.is_empty();
        lane.jobs.insert((minute, ticket));
        if new {
            let turn = owners.turn(owner);
            lane.turn = Some(turn);
            self.order.insert((turn, owner));
        }
    }

    pub(super) fn remove(&mut self, minute: i64, owner: u32, ticket: Ticket) {
        let Some(lane) = self.lanes.get_mut(&owner) else {
            return;
        };
        lane.jobs.remove(&(minute, ticket));
        if lane.jobs.is_empty() {
            if let Some(turn) = lane.turn {
                self.order.remove(&(turn, owner));
            }
            self.lanes.remove(&owner);
        }
    }

    /// The first job of the owner whose turn it is.
    pub(super) fn first(
        &mut self,
        class: ClassId,
        minute: i64,
        owners: &mut Owners,
    ) -> Option<(Ticket, Rank)> {
        while let Some(&(known, owner)) = self.order.first() {
            let turn = owners.turn(owner);
            let lane = self.lanes.get_mut(&owner)?;
            if owners.park(owner, class) {
                self.order.pop_first();
                lane.turn = None;
            } else if turn != known {
                self.order.pop_first();
                self.order.insert((turn, owner));
                lane.turn = Some(turn);
            } else {
                let &(_, ticket) = lane.jobs.first()?;
                let rank = Rank {
                    minute,
                    turn,
                    ticket,
                };
                return Some((ticket, rank));
            }
        }
        None
    }

    /// The owner takes part again.
    pub(super) fn unpark(&mut self, owner: u32, owners: &Owners) {
        if let Some(lane) = self.lanes.get_mut(&owner)
            && lane.turn.is_none()
        {
            let turn = owners.turn(owner);
            lane.turn = Some(turn);
            self.order.insert((turn, owner));
        }
    }

    /// Takes in the jobs of a level that has risen to this one.
    pub(super) fn absorb(&mut self, other: Self) {
        for (owner, mut lane) in other.lanes {
            let here = self.lanes.entry(owner).or_default();
            match (here.jobs.is_empty(), lane.turn) {
                (true, Some(turn)) => {
                    here.turn = Some(turn);
                    self.order.insert((turn, owner));
                }
                // Passed over here before the owner was held there: the next look finds out.
                (false, _) if here.turn.is_none() => {
                    if let Some(turn) = lane.turn {
                        here.turn = Some(turn);
                        self.order.insert((turn, owner));
                    }
                }
                _ => {}
            }
            here.jobs.append(&mut lane.jobs);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lanes.is_empty()
    }
}
