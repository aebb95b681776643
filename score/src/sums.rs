//! Evidence of a node to its two sums: decayed by age, capped by requester.

use std::collections::BTreeMap;

use crate::{
    constants::CAP,
    decay::{WEIGHT_BITS, weight},
    event::Key,
};

/// Units that one requester gave to one node on one day: by one job, or by any number of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The requester's wallet.
    pub requester: Key,
    /// Days since 1970-01-01 UTC.
    pub day: i64,
    /// Good units, in 1/2^20.
    pub good: u64,
    /// Bad units, in 1/2^20.
    pub bad: u64,
}

/// A node's evidence after decay and caps, in units of 1/2^20.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Good units.
    pub good: u64,
    /// Bad units.
    pub bad: u64,
}

/// The sums of one node's evidence at a day. Entries may come in any order and in any chunks; a job that is added twice
/// counts twice, so whoever adds them sees to it that each job's evidence is added once.
#[derive(Debug, Clone)]
pub struct Sums {
    today: i64,
    /// Weighted good and bad of each requester, in 1/2^52.
    requesters: BTreeMap<Key, [u128; 2]>,
}

impl Sums {
    /// No evidence yet. `today` is the day of the block that the score is computed at.
    #[must_use]
    pub const fn new(today: i64) -> Self {
        Self {
            today,
            requesters: BTreeMap::new(),
        }
    }

    /// Adds evidence. That of later days than today, or of more than 360 days ago, weighs nothing.
    pub fn add(&mut self, entry: &Entry) {
        // Saturation changes no weight: every age that far off weighs 0.
        let weight = u128::from(weight(self.today.saturating_sub(entry.day)));
        if weight == 0 {
            return;
        }
        let of = self.requesters.entry(entry.requester).or_default();
        for (sum, units) in of.iter_mut().zip([entry.good, entry.bad]) {
            // A product is below 2^97. A sum that saturates has long passed the cap, and stays there.
            *sum = sum.saturating_add(u128::from(units) * weight);
        }
    }

    /// What each requester adds, after decay and cap, in the order of their keys.
    pub fn requesters(&self) -> impl Iterator<Item = (&Key, Totals)> {
        self.requesters.iter().map(|(requester, sums)| {
            let [good, bad] = sums.map(capped);
            (requester, Totals { good, bad })
        })
    }

    /// The sums over all requesters. They reach the end of u64 at 2^41 requesters, more than any memory holds.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.requesters()
            .fold(Totals::default(), |all, (_, one)| Totals {
                good: all.good.saturating_add(one.good),
                bad: all.bad.saturating_add(one.bad),
            })
    }
}

impl<'a> Extend<&'a Entry> for Sums {
    fn extend<I: IntoIterator<Item = &'a Entry>>(&mut self, entries: I) {
        for entry in entries {
            self.add(entry);
        }
    }
}

/// `min(CAP, sum >> 32)`: the one place where a requester's weighted sum is floored.
fn capped(sum: u128) -> u64 {
    // What does not fit u64 is above the cap.
    u64::try_from(sum >> WEIGHT_BITS).map_or(CAP, |units| units.min(CAP))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::constants::UNIT;

    fn entry(requester: u8, day: i64, good: u64, bad: u64) -> Entry {
        Entry {
            requester: [requester; 32],
            day,
            good,
            bad,
        }
    }

    fn totals(today: i64, entries: &[Entry]) -> (u64, u64) {
        let mut sums = Sums::new(today);
        sums.extend(entries);
        let Totals { good, bad } = sums.totals();
        (good, bad)
    }

    #[test]
    fn a_requester_is_floored_once_over_all_days() {
        // Thirty and sixty days ago: 1/2 + 1/4 of one; each alone floors to nothing, four of them make three.
        let one = [entry(1, 70, 1, 0), entry(1, 40, 1, 0)];
        assert_eq!(totals(100, &one), (0, 0));
        assert_eq!(totals(100, &[one, one, one, one].concat()), (3, 0));
        // Two requesters are floored apart.
        assert_eq!(
            totals(100, &[entry(1, 70, 1, 0), entry(2, 70, 1, 0)]),
            (0, 0)
        );
    }

    #[test]
    fn caps_are_after_decay_and_apart_for_good_and_bad() {
        let entries = [
            entry(1, 70, 20 * UNIT, 10 * UNIT),
            entry(2, 100, UNIT, UNIT),
        ];
        assert_eq!(totals(100, &entries), (9 * UNIT, 6 * UNIT));
        assert_eq!(totals(130, &entries), (5 * UNIT + UNIT / 2, 3 * UNIT));
    }

    #[test]
    fn later_days_and_old_days_weigh_nothing() {
        let far = [i64::MIN, 0, 639, 1001, i64::MAX].map(|day| entry(1, day, u64::MAX, u64::MAX));
        assert_eq!(totals(1000, &far), (0, 0));
        assert_eq!(totals(i64::MIN, &far[1..]), (0, 0));
        assert_eq!(totals(1000, &[entry(1, 640, 4096, 0)]), (1, 0));
    }

    #[test]
    fn extremes_stay_at_the_cap() {
        assert_eq!(totals(5, &[entry(1, 5, u64::MAX, u64::MAX); 9]), (CAP, CAP));
        assert_eq!(
            [0, u128::MAX, u128::from(u64::MAX)].map(capped),
            [0, CAP, u64::from(u32::MAX).min(CAP)]
        );
    }
}
