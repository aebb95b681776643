//! Which job is next: by priority and age, fairly between owners, apart for each class of requirements.
//!
//! - A job rises by one level for each minute that it waited; at the highest level nothing is before it but what is
//!   there too. Nothing starves, however many urgent jobs come.
//! - Within a level owners take turns by weight (start-time fair queueing): whoever was served moves back by one part
//!   of its weight, whoever comes new joins where the others are. Thousands of jobs of one owner are no nearer to a
//!   machine than the one of another.
//! - Within an owner's turn the oldest is first.
//! - Jobs with equal requirements are a class. When no node fits a class, all of it waits at the cost of one look, and
//!   the others pass.
//!
//! All operations take a time logarithmic in what waits, amortised: a level that rises is merged once. Held together by the model in `tests.rs`.

mod class;
mod level;
mod owners;

use std::collections::HashMap;

use hypernode_state::{Address, UnixMs};

use class::ClassQueue;
use owners::Owners;

use crate::job::PRIORITIES;

/// One level of priority is worth this long a wait.
pub const LEVEL_MS: i64 = 60_000;

/// A class of jobs whose requirements are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClassId(pub u32);

/// A job as the queue knows it: its number in the order of submissions.
pub type Ticket = u64;

/// A job that is to be given to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The job.
    pub ticket: Ticket,
    /// What it needs.
    pub class: ClassId,
    /// Whose turn it takes.
    pub owner: Address,
    /// 0 to 9; more counts as 9.
    pub priority: u8,
    /// Since when it waits.
    pub since: UnixMs,
}

impl Entry {
    /// The minute since which a job of priority 0 would have to wait to stand where this one stands.
    fn minute(&self) -> i64 {
        let ahead = i64::from(self.priority.min(PRIORITIES - 1)) * LEVEL_MS;
        self.since.saturating_sub(ahead).div_euclid(LEVEL_MS)
    }
}

/// Where a job stands among those of other classes: smaller is first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    /// The minute of its level; one for all of the highest level.
    minute: i64,
    /// The owner's turn.
    turn: u64,
    /// The order of submissions.
    ticket: Ticket,
}

/// Where a job is kept.
#[derive(Clone, Copy, Debug)]
struct Place {
    class: ClassId,
    owner: u32,
    minute: i64,
}

/// The jobs that are to be given to nodes.
#[derive(Debug, Default)]
pub struct Queue {
    classes: HashMap<ClassId, ClassQueue>,
    owners: Owners,
    places: HashMap<Ticket, Place>,
}

impl Queue {
    /// Adds a job. One that is there already stays where it is.
    pub fn push(&mut self, entry: &Entry) {
        if self.places.contains_key(&entry.ticket) {
            return;
        }
        let owner = self.owners.enter(entry.owner);
        let (class, minute) = (entry.class, entry.minute());
        self.places.insert(
            entry.ticket,
            Place {
                class,
                owner,
                minute,
            },
        );
        let class = self.classes.entry(class).or_default();
        class.insert(minute, owner, entry.ticket, &self.owners);
    }

    /// The first job of `class` and its rank at `now`. Owners that are held are passed over.
    pub fn first(&mut self, class: ClassId, now: UnixMs) -> Option<(Ticket, Rank)> {
        let queue = self.classes.get_mut(&class)?;
        queue.first(class, highest(now), &mut self.owners)
    }

    /// Takes a job out because a node has it: its owner's turn is over.
    pub fn take(&mut self, ticket: Ticket) -> bool {
        let owner = self.places.get(&ticket).map(|place| place.owner);
        owner.is_some_and(|owner| {
            self.owners.serve(owner);
            self.remove(ticket)
        })
    }

    /// Takes a job out because nobody needs it, or not now. Costs its owner nothing.
    pub fn remove(&mut self, ticket: Ticket) -> bool {
        let Some(place) = self.places.remove(&ticket) else {
            return false;
        };
        if let Some(queue) = self.classes.get_mut(&place.class) {
            queue.remove(place.minute, place.owner, ticket);
            if queue.is_empty() {
                self.classes.remove(&place.class);
            }
        }
        self.owners.leave(place.owner);
        true
    }

    /// Passes the jobs of `owner` over until [`Queue::release`]: as many as it may have are running.
    pub fn hold(&mut self, owner: Address) {
        self.owners.hold(owner);
    }

    /// The owner's jobs take part again.
    pub fn release(&mut self, owner: Address) {
        let Some((owner, classes)) = self.owners.release(owner) else {
            return;
        };
        for class in classes {
            if let Some(queue) = self.classes.get_mut(&class) {
                queue.unpark(owner, &self.owners);
            }
        }
    }

    /// Turns of `owner` in a round; 1 unless set, and never 0.
    pub fn weigh(&mut self, owner: Address, weight: u32) {
        self.owners.weigh(owner, weight);
    }

    /// Classes that hold a job.
    pub fn classes(&self) -> impl Iterator<Item = ClassId> + '_ {
        self.classes.keys().copied()
    }

    /// Jobs that wait.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }
}

/// The newest minute of the highest level at `now`.
fn highest(now: UnixMs) -> i64 {
    now.div_euclid(LEVEL_MS) - i64::from(PRIORITIES - 1)
}

#[cfg(test)]
mod tests;
