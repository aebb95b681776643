//! A set of slots as disjoint closed intervals.

use std::collections::BTreeMap;

/// Slots, as closed intervals that neither overlap nor touch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Intervals {
    /// End by start.
    by_start: BTreeMap<u64, u64>,
}

impl Intervals {
    /// Adds `lo..=hi`, merging what it overlaps or touches. An empty range (`lo > hi`) adds nothing.
    pub fn insert(&mut self, lo: u64, hi: u64) {
        if lo > hi {
            return;
        }
        let (mut lo, mut hi) = (lo, hi);
        // Neighbours end at or after the slot before `lo` and start at or before the slot after `hi`.
        while let Some((&start, &end)) = self.by_start.range(..=hi.saturating_add(1)).next_back() {
            if end.saturating_add(1) < lo {
                break;
            }
            lo = lo.min(start);
            hi = hi.max(end);
            self.by_start.remove(&start);
        }
        self.by_start.insert(lo, hi);
    }

    /// Whether all of `lo..=hi` is in the set.
    #[must_use]
    pub fn covers(&self, lo: u64, hi: u64) -> bool {
        let before = self.by_start.range(..=lo).next_back();
        before.is_some_and(|(_, end)| *end >= hi)
    }

    /// Whether any of `lo..=hi` is in the set.
    #[must_use]
    pub fn touches(&self, lo: u64, hi: u64) -> bool {
        let before = self.by_start.range(..=hi).next_back();
        before.is_some_and(|(_, end)| *end >= lo)
    }

    /// The interval with the highest slots.
    #[must_use]
    pub fn last(&self) -> Option<(u64, u64)> {
        self.by_start.last_key_value().map(|(lo, hi)| (*lo, *hi))
    }

    /// All intervals in order.
    pub fn iter(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.by_start.iter().map(|(lo, hi)| (*lo, *hi))
    }

    /// Whether nothing is in the set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_start.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn it_is_a_set(ranges in proptest::collection::vec((0u64..60, 0u64..8), 0..20), lo in 0u64..64, length in 0u64..6) {
            let mut intervals = Intervals::default();
            let mut set = BTreeSet::new();
            for (start, length) in ranges {
                intervals.insert(start, start + length);
                set.extend(start..=start + length);
            }
            let hi = lo + length;
            prop_assert_eq!(intervals.covers(lo, hi), (lo..=hi).all(|s| set.contains(&s)));
            prop_assert_eq!(intervals.touches(lo, hi), (lo..=hi).any(|s| set.contains(&s)));
            prop_assert_eq!(intervals.last().map(|(_, hi)| hi), set.last().copied());
            let listed: Vec<u64> = intervals.iter().flat_map(|(lo, hi)| lo..=hi).collect();
            prop_assert_eq!(listed, set.into_iter().collect::<Vec<_>>());
            // Disjoint and not touching.
            let pairs: Vec<_> = intervals.iter().collect();
            prop_assert!(pairs.windows(2).all(|p| p[0].1 + 1 < p[1].0));
        }
    }

    // I-06.
    #[test]
    fn a_partial_window_and_its_continuation_are_one_interval() {
        let mut intervals = Intervals::default();
        intervals.insert(8, 9);
        intervals.insert(10, 11);
        intervals.insert(12, 11);
        assert_eq!(intervals.iter().collect::<Vec<_>>(), [(8, 11)]);
        intervals.insert(u64::MAX, u64::MAX);
        assert!(intervals.covers(u64::MAX, u64::MAX) && !intervals.touches(12, 20));
    }
}
