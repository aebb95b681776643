//! All open slots: what they cost, and which of them are ready, by the parent that they wait for.

use std::collections::{BTreeMap, BTreeSet};

use super::open::OpenSlot;
use super::stats::Limits;

/// Open slots within the [`Limits`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Pool {
    open: BTreeMap<u64, OpenSlot>,
    /// Weight of all open slots.
    weight: usize,
    /// Ready slots as (parent, slot): the next to leave is found without looking at the others.
    waiting: BTreeSet<(u64, u64)>,
    pub(super) evicted: u64,
}

impl Pool {
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    pub(super) fn weight(&self) -> usize {
        self.weight
    }

    pub(super) fn get(&self, slot: u64) -> Option<&OpenSlot> {
        self.open.get(&slot)
    }

    /// Changes a slot that is open, and keeps the books.
    pub(super) fn change<T>(
        &mut self,
        slot: u64,
        change: impl FnOnce(&mut OpenSlot) -> T,
    ) -> Option<T> {
        let open = self.open.get_mut(&slot)?;
        let before = open.weight();
        let done = change(open);
        let after = open.weight();
        self.weight = (self.weight + after).saturating_sub(before);
        Some(done)
    }

    /// Makes room for a slot if it is not open; `false` when this slot is the one that there is no room for.
    pub(super) fn ensure(&mut self, slot: u64, limits: &Limits) -> bool {
        if self.open.contains_key(&slot) {
            return true;
        }
        if self.open.len() >= limits.open_slots {
            self.evicted += 1;
            match self.highest() {
                Some(highest) if highest > slot => self.forget(highest),
                _ => return false,
            };
        }
        self.weight += 1;
        self.open.insert(slot, OpenSlot::default());
        true
    }

    /// Whether a slot became ready, or waits for another parent than before.
    pub(super) fn refresh(&mut self, slot: u64, whole: bool) -> bool {
        let Some(open) = self.open.get_mut(&slot) else {
            return false;
        };
        let waits_for = open.ready(whole).then(|| open.parent()).flatten();
        if waits_for == open.waits_for {
            return false;
        }
        if let Some(parent) = open.waits_for {
            self.waiting.remove(&(parent, slot));
        }
        if let Some(parent) = waits_for {
            self.waiting.insert((parent, slot));
        }
        open.waits_for = waits_for;
        waits_for.is_some()
    }

    pub(super) fn forget(&mut self, slot: u64) -> Option<OpenSlot> {
        let open = self.open.remove(&slot)?;
        self.weight = self.weight.saturating_sub(open.weight());
        if let Some(parent) = open.waits_for {
            self.waiting.remove(&(parent, slot));
        }
        Some(open)
    }

    /// The head has fallen: whoever was held for naming another hash may fit now. Returns all open slots.
    pub(super) fn relink(&mut self) -> Vec<u64> {
        self.open
            .iter_mut()
            .map(|(slot, open)| {
                open.unlinked = false;
                *slot
            })
            .collect()
    }

    /// Forgets every slot up to `slot`; the single transactions that they held.
    pub(super) fn forget_to(&mut self, slot: u64) -> u64 {
        let mut ghosts = 0;
        while let Some(lowest) = self.lowest().filter(|lowest| *lowest <= slot) {
            ghosts += self
                .forget(lowest)
                .map_or(0, |open| open.loose_transactions());
        }
        ghosts
    }

    /// Forgets the highest slots while too much is held.
    pub(super) fn shed(&mut self, limits: &Limits) {
        while self.weight > limits.open_transactions && self.open.len() > 1 {
            let Some(highest) = self.highest() else {
                return;
            };
            self.forget(highest);
            self.evicted += 1;
        }
    }

    fn highest(&self) -> Option<u64> {
        self.open.last_key_value().map(|(slot, _)| *slot)
    }

    pub(super) fn lowest(&self) -> Option<u64> {
        self.open.first_key_value().map(|(slot, _)| *slot)
    }

    /// Ready slots beyond `beyond` that wait for a parent in `parents`, lowest parent first.
    pub(super) fn children(
        &self,
        parents: std::ops::RangeInclusive<u64>,
        beyond: u64,
    ) -> impl Iterator<Item = u64> + '_ {
        self.waiting
            .range((*parents.start(), 0)..=(*parents.end(), u64::MAX))
            .map(|(_, slot)| *slot)
            .filter(move |slot| *slot > beyond)
    }

    /// The lowest ready slot.
    pub(super) fn lowest_ready(&self) -> Option<u64> {
        self.waiting.iter().map(|(_, slot)| *slot).min()
    }

    /// How many are ready.
    pub(super) fn ready(&self) -> usize {
        self.waiting.len()
    }

    /// Whether the books are right: for tests, it looks at everything.
    #[cfg(test)]
    pub(super) fn consistent(&self) -> bool {
        let weight: usize = self.open.values().map(OpenSlot::weight).sum();
        let waiting: BTreeSet<(u64, u64)> = self
            .open
            .iter()
            .filter_map(|(slot, open)| Some((open.waits_for?, *slot)))
            .collect();
        weight == self.weight && waiting == self.waiting
    }
}
