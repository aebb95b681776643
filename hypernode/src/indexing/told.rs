//! What is known about IDLs, for `status`: which are in force since which slot, and what became of the last change.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::idls::Versions;
use crate::programs::{Programs, base58};
use crate::store::Made;

/// Tables named in a status, of which an IDL may bring thousands.
const MOST_NAMES: usize = 1_000;

/// One version of a program's IDL.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) label: String,
    /// The program's address.
    pub(crate) program_id: String,
    /// First slot that the version describes.
    pub(crate) from_slot: u64,
    pub(crate) file: String,
    /// Names the file's bytes.
    pub(crate) content: String,
    /// First slot that this process decodes with it; `None`: since its start.
    pub(crate) since_slot: Option<u64>,
    /// Slots between the chain's tip and the version's first slot, where that is still to come.
    #[serde(default)]
    pub(crate) begins_in: Option<u64>,
    /// First slot of the version that describes the program at the chain's tip, where that is a later one.
    #[serde(default)]
    pub(crate) superseded_at: Option<u64>,
}

impl Entry {
    /// Whether it is the same version of the same file.
    fn is(&self, other: &Self) -> bool {
        let of = |entry: &Self| {
            let Self {
                label,
                program_id,
                from_slot,
                content,
                ..
            } = entry.clone();
            (label, program_id, from_slot, content)
        };
        of(self) == of(other)
    }

    /// `label`, or `label@slot`.
    pub(crate) fn name(&self) -> String {
        match self.from_slot {
            0 => self.label.clone(),
            slot => format!("{}@{slot}", self.label),
        }
    }
}

/// The versions of the programs that are decoded.
pub(super) fn entries(versions: &Versions, programs: &Programs) -> Vec<Entry> {
    let versions_of = |label: &str| versions.get(label).into_iter().flatten();
    let programs = programs.configs.iter();
    programs
        .flat_map(|config| {
            versions_of(&config.label).map(|(from_slot, found)| Entry {
                label: config.label.clone(),
                program_id: base58(&config.program_id),
                from_slot: *from_slot,
                file: found.file.display().to_string(),
                content: found.content.clone(),
                ..Entry::default()
            })
        })
        .collect()
}

/// What is known about IDLs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct IdlStatus {
    /// Programs that are decoded.
    pub(crate) programs: usize,
    /// Changes in force since the start.
    pub(crate) changes: usize,
    /// Changes judged since the start: refused ones, and those of no effect, count too.
    pub(crate) judged: u64,
    /// What is wrong with the last change, while the IDLs of before are in force.
    pub(crate) refused: Option<String>,
    /// What a change that is good waits for.
    pub(crate) waiting: Option<String>,
    /// The IDLs in force.
    pub(crate) versions: Vec<Entry>,
    /// Tables that the last change made.
    pub(crate) tables_made: usize,
    /// Tables that stand beside one which cannot take their rows: wanted name to actual one.
    pub(crate) tables_beside: BTreeMap<String, String>,
}

/// The status, shared.
#[derive(Debug, Clone, Default)]
pub(crate) struct Told(Arc<Mutex<IdlStatus>>);

impl Told {
    /// The status now, against the chain's tip (0: not known).
    pub(crate) fn get(&self, tip: u64) -> IdlStatus {
        let mut now = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let all: Vec<(String, u64)> = now
            .versions
            .iter()
            .map(|entry| (entry.label.clone(), entry.from_slot))
            .collect();
        for entry in &mut now.versions {
            let later = all.iter().filter(|(label, from_slot)| {
                *label == entry.label && *from_slot > entry.from_slot && *from_slot <= tip
            });
            entry.superseded_at = later.map(|(_, from_slot)| *from_slot).min();
            entry.begins_in = (tip > 0)
                .then(|| entry.from_slot.checked_sub(tip))
                .flatten();
            entry.begins_in = entry.begins_in.filter(|slots| *slots > 0);
        }
        now
    }

    /// What the process begins with.
    pub(super) fn began(entries: &[Entry]) -> Self {
        let told = Self::default();
        told.put(entries, None);
        told
    }

    /// These IDLs are what runs; those that were not there before, from this slot on.
    pub(super) fn in_force(&self, entries: &[Entry], since: u64) {
        self.put(entries, Some(since));
    }

    fn put(&self, entries: &[Entry], since: Option<u64>) {
        self.change(|status| {
            let before = std::mem::take(&mut status.versions);
            status.versions = entries.to_vec();
            for entry in &mut status.versions {
                let same = before.iter().find(|old| old.is(entry));
                entry.since_slot = same.map_or(since, |same| same.since_slot);
            }
            let labels: BTreeSet<&str> = entries.iter().map(|entry| entry.label.as_str()).collect();
            status.programs = labels.len();
            status.waiting = None;
        });
    }

    /// A change was good, and runs.
    pub(super) fn changed(&self, made: &Made) {
        self.change(|status| {
            status.changes += 1;
            status.judged += 1;
            status.refused = None;
            status.tables_made = made.created;
        });
        self.placed(made);
    }

    /// Where the rows of the IDLs in force go.
    pub(crate) fn placed(&self, made: &Made) {
        self.change(|status| {
            let beside = made.renames.iter().take(MOST_NAMES);
            status.tables_beside = beside.map(|(a, b)| (a.clone(), b.clone())).collect();
        });
    }

    /// A change of no effect.
    pub(super) fn unchanged(&self, entries: &[Entry]) {
        // The same IDLs in other words: their files are the ones in force.
        self.change(|status| {
            status.judged += 1;
            status.refused = None;
            let before = std::mem::take(&mut status.versions);
            status.versions = entries.to_vec();
            for entry in &mut status.versions {
                let same =
                    |old: &&Entry| (&old.label, old.from_slot) == (&entry.label, entry.from_slot);
                entry.since_slot = before.iter().find(same).and_then(|old| old.since_slot);
            }
        });
    }

    pub(super) fn refused(&self, why: String) {
        self.change(|status| {
            status.judged += 1;
            status.refused = Some(why);
            status.waiting = None;
        });
    }

    pub(super) fn waiting(&self, what: Option<String>) {
        self.change(|status| status.waiting = what);
    }

    fn change(&self, change: impl FnOnce(&mut IdlStatus)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(label: &str, from_slot: u64, content: &str) -> Entry {
        Entry {
            label: label.into(),
            from_slot,
            content: content.into(),
            ..Entry::default()
        }
    }

    #[test]
    fn what_stays_keeps_its_slot_and_what_is_to_come_says_how_far_off_it_is() {
        let told = Told::began(&[entry("a", 0, "1"), entry("b", 0, "1")]);
        let later = [entry("a", 0, "1"), entry("a", 500, "2"), entry("b", 0, "3")];
        told.in_force(&later, 41);
        let now = told.get(100);
        let since: Vec<_> = now.versions.iter().map(|entry| entry.since_slot).collect();
        assert_eq!(since, [None, Some(41), Some(41)]);
        let begins: Vec<_> = now.versions.iter().map(|entry| entry.begins_in).collect();
        assert_eq!(begins, [None, Some(400), None]);
        assert_eq!(now.programs, 2);
        for tip in [0, 500, 501] {
            assert!(
                told.get(tip).versions.iter().all(|e| e.begins_in.is_none()),
                "{tip}"
            );
        }
    }

    #[test]
    fn a_refusal_stands_until_a_later_change_is_judged_well() {
        let told = Told::default();
        told.in_force(&[entry("a", 0, "1")], 7);
        told.waiting(Some("for rain".into()));
        told.refused("broken".into());
        let now = told.get(0);
        assert_eq!(
            (now.refused.as_deref(), now.waiting, now.judged),
            (Some("broken"), None, 1)
        );
        // The same IDL with other spaces.
        told.unchanged(&[entry("a", 0, "2")]);
        let now = told.get(0);
        assert_eq!((now.refused, now.judged, now.changes), (None, 2, 0));
        assert_eq!(
            (now.versions[0].content.as_str(), now.versions[0].since_slot),
            ("2", Some(7))
        );
    }
}
