//! Whose turn it is.

use std::collections::{BTreeSet, HashMap, HashSet};

use hypernode_state::Address;

use super::ClassId;

/// The way of a turn at weight 1.
const TURN: u64 = 1 << 20;
/// Most owners kept for their turn alone. Of more, those that are least ahead are forgotten: it costs the others less
/// than one turn each.
const MOST_AHEAD: usize = 1 << 16;

/// Owners that have jobs here, or whose turn is still ahead of the others, or that are held or weighed.
#[derive(Debug, Default)]
pub(super) struct Owners {
    by_address: HashMap<Address, u32>,
    slots: Vec<Owner>,
    free: Vec<u32>,
    /// Owners without jobs whose turn is still to come, by turn.
    ahead: BTreeSet<(u64, u32)>,
    /// The turn that was served last: who comes new starts here.
    now: u64,
    /// Jobs of all owners.
    jobs: usize,
}

#[derive(Debug, Default)]
struct Owner {
    address: Address,
    /// Its next turn.
    turn: u64,
    /// Turns in a round; 0 stands for 1.
    weight: u32,
    held: bool,
    jobs: usize,
    /// Classes in which it was passed over while held.
    parked: HashSet<ClassId>,
}

impl Owners {
    /// The owner's place, for one more job.
    pub(super) fn enter(&mut self, address: Address) -> u32 {
        let owner = self.place(address);
        let now = self.now;
        if let Some(owner) = self.slots.get_mut(owner as usize) {
            if owner.jobs == 0 {
                owner.turn = owner.turn.max(now);
            }
            owner.jobs += 1;
            self.jobs += 1;
        }
        owner
    }

    /// One job fewer.
    pub(super) fn leave(&mut self, place: u32) {
        if let Some(owner) = self.slots.get_mut(place as usize) {
            owner.jobs = owner.jobs.saturating_sub(1);
            self.jobs = self.jobs.saturating_sub(1);
        }
        self.settle(place);
        // Where nobody waits, nobody is ahead of anybody.
        if self.jobs == 0 {
            let last = self.ahead.last().map_or(0, |(turn, _)| *turn);
            self.pass(self.now.max(last));
        }
    }

    /// The owner was served.
    pub(super) fn serve(&mut self, place: u32) {
        let Some(owner) = self.slots.get_mut(place as usize) else {
            return;
        };
        let turn = owner.turn;
        let way = TURN / u64::from(owner.weight.max(1));
        owner.turn = owner.turn.saturating_add(way.max(1));
        self.pass(self.now.max(turn));
    }

    /// The turn has come to `now`.
    fn pass(&mut self, now: u64) {
        self.now = now;
        while let Some(&(turn, place)) = self.ahead.first() {
            if turn > self.now {
                break;
            }
            self.ahead.pop_first();
            self.settle(place);
        }
    }

    /// Forgets an owner on whom nothing depends any more. One that is ahead of the others is kept until they are there
    /// too: leaving and coming again is no way to the front.
    fn settle(&mut self, place: u32) {
        let Some(owner) = self.slots.get_mut(place as usize) else {
            return;
        };
        if owner.jobs > 0 || owner.held || owner.weight != 0 {
            return;
        }
        if owner.turn > self.now {
            self.ahead.insert((owner.turn, place));
            if self.ahead.len() > MOST_AHEAD
                && let Some((_, nearest)) = self.ahead.pop_first()
            {
                self.forget(nearest);
            }
            return;
        }
        self.forget(place);
    }

    fn forget(&mut self, place: u32) {
        let idle = |owner: &&mut Owner| owner.jobs == 0 && !owner.held && owner.weight == 0;
        if let Some(owner) = self.slots.get_mut(place as usize).filter(idle) {
            let owner = std::mem::take(owner);
            if self.by_address.remove(&owner.address).is_some() {
                self.free.push(place);
            }
        }
    }

    #[cfg(test)]
    pub(super) fn known(&self) -> usize {
        self.by_address.len()
    }

    pub(super) fn turn(&self, place: u32) -> u64 {
        self.slots.get(place as usize).map_or(0, |owner| owner.turn)
    }

    /// Whether the owner is held; then `class` is looked at again when it is released.
    pub(super) fn park(&mut self, place: u32, class: ClassId) -> bool {
        match self.slots.get_mut(place as usize) {
            Some(owner) if owner.held => {
                owner.parked.insert(class);
                true
            }
            _ => false,
        }
    }

    pub(super) fn hold(&mut self, address: Address) {
        let place = self.place(address);
        if let Some(owner) = self.slots.get_mut(place as usize) {
            owner.held = true;
        }
    }

    /// The owner's place and the classes in which it was passed over.
    pub(super) fn release(&mut self, address: Address) -> Option<(u32, HashSet<ClassId>)> {
        let place = *self.by_address.get(&address)?;
        let owner = self.slots.get_mut(place as usize)?;
        owner.held = false;
        let parked = std::mem::take(&mut owner.parked);
        self.settle(place);
        Some((place, parked))
    }

    pub(super) fn weigh(&mut self, address: Address, weight: u32) {
        let place = self.place(address);
        if let Some(owner) = self.slots.get_mut(place as usize) {
            owner.weight = weight.max(1);
        }
    }

    fn place(&mut self, address: Address) -> u32 {
        if let Some(place) = self.by_address.get(&address) {
            return *place;
        }
        let owner = Owner {
            address,
            turn: self.now,
            ..Owner::default()
        };
        let place = match self.free.pop() {
            Some(place) => {
                self.slots[place as usize] = owner;
                place
            }
            None => {
                self.slots.push(owner);
                (self.slots.len() - 1) as u32
            }
        };
        self.by_address.insert(address, place);
        place
    }
}
