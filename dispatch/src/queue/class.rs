//! The jobs of one class in their levels.

use std::collections::BTreeMap;

use super::level::Level;
use super::owners::Owners;
use super::{ClassId, Rank, Ticket};

/// The jobs of one class. Levels below the highest are one minute each, so that a level is never torn apart: it rises
/// whole.
#[derive(Debug, Default)]
pub(super) struct ClassQueue {
    /// All that has waited its way up.
    top: Level,
    /// The newest minute that rose into it.
    risen: Option<i64>,
    levels: BTreeMap<i64, Level>,
}

impl ClassQueue {
    pub(super) fn insert(&mut self, minute: i64, owner: u32, ticket: Ticket, owners: &Owners) {
        self.level(minute).insert(minute, owner, ticket, owners);
    }

    pub(super) fn remove(&mut self, minute: i64, owner: u32, ticket: Ticket) {
        let level = self.level(minute);
        level.remove(minute, owner, ticket);
        if level.is_empty() {
            self.levels.remove(&minute);
        }
    }

    fn level(&mut self, minute: i64) -> &mut Level {
        match self.risen.is_some_and(|risen| minute <= risen) {
            true => &mut self.top,
            false => self.levels.entry(minute).or_default(),
        }
    }

    /// The first job, when the highest level reaches to the minute `highest`.
    pub(super) fn first(
        &mut self,
        class: ClassId,
        highest: i64,
        owners: &mut Owners,
    ) -> Option<(Ticket, Rank)> {
        self.rise(highest);
        // One rank for all of the highest level: which minute a job rose from decides nothing between owners.
        let top = self.top.first(class, i64::MIN, owners);
        top.or_else(|| {
            let mut levels = self.levels.iter_mut();
            levels.find_map(|(minute, level)| level.first(class, *minute, owners))
        })
    }

    fn rise(&mut self, highest: i64) {
        // A clock that was set back takes nobody down again.
        if self.risen.is_some_and(|risen| risen >= highest) {
            return;
        }
        self.risen = Some(highest);
        while let Some(entry) = self.levels.first_entry() {
            if *entry.key() > highest {
                break;
            }
            self.top.absorb(entry.remove());
        }
    }

    pub(super) fn unpark(&mut self, owner: u32, owners: &Owners) {
        self.top.unpark(owner, owners);
        for level in self.levels.values_mut() {
            level.unpark(owner, owners);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.top.is_empty() && self.levels.is_empty()
    }
}
