//! What each owner has open, running and set aside.

use std::collections::HashMap;

use hypernode_state::Address;

/// Owners that have an open job.
#[derive(Debug)]
pub(super) struct Owners {
    most_running: u32,
    most_open: u32,
    by_address: HashMap<Address, Owner>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Owner {
    open: u32,
    running: u32,
    reserved: u128,
}

/// What a change means for the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Nothing.
    Same,
    /// As many as may are running.
    Hold,
    /// One fewer.
    Release,
}

impl Owners {
    pub(super) fn new(most_running: u32, most_open: u32) -> Self {
        Self {
            most_running: most_running.max(1),
            most_open,
            by_address: HashMap::new(),
        }
    }

    /// The bound, where the owner has reached it.
    pub(super) fn full(&self, owner: Address) -> Option<u32> {
        let open = self.by_address.get(&owner).map_or(0, |owner| owner.open);
        (open >= self.most_open).then_some(self.most_open)
    }

    pub(super) fn opened(&mut self, owner: Address, reserved: u64) {
        let owner = self.by_address.entry(owner).or_default();
        owner.open += 1;
        owner.reserved += u128::from(reserved);
    }

    pub(super) fn closed(&mut self, address: Address, reserved: u64) {
        if let Some(owner) = self.by_address.get_mut(&address) {
            owner.open = owner.open.saturating_sub(1);
            owner.reserved = owner.reserved.saturating_sub(u128::from(reserved));
            if owner.open == 0 {
                self.by_address.remove(&address);
            }
        }
    }

    pub(super) fn started(&mut self, address: Address) -> Turn {
        let most = self.most_running;
        let owner = self.by_address.entry(address).or_default();
        owner.running += 1;
        match owner.running >= most {
            true => Turn::Hold,
            false => Turn::Same,
        }
    }

    pub(super) fn stopped(&mut self, address: Address) -> Turn {
        let most = self.most_running;
        let Some(owner) = self.by_address.get_mut(&address) else {
            return Turn::Same;
        };
        owner.running = owner.running.saturating_sub(1);
        match owner.running + 1 == most {
            true => Turn::Release,
            false => Turn::Same,
        }
    }

    /// The sum of what is set aside for the owner's open jobs, in raw HYPER.
    pub(super) fn reserved(&self, owner: Address) -> u128 {
        self.by_address
            .get(&owner)
            .map_or(0, |owner| owner.reserved)
    }
}
