//! Which stored slots have holes between them, for whoever looks at the map.

use super::coverage::Range;

/// Holes that are remembered, the oldest; what is beyond is not told.
const MOST: usize = 4_096;

/// The stored slots' first one, and what is missing behind it: slots that the operator does without, or that were never
/// asked for. Not the hole that is being filled: it has its own place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Missing {
    /// First stored slot; `None`: nothing is stored.
    pub first: Option<u64>,
    /// First and last slot of each hole, in slot order, disjoint.
    pub holes: Vec<(u64, u64)>,
}

impl Missing {
    /// What lies between `ranges`, which are in slot order and disjoint.
    pub(super) fn between(ranges: &[Range]) -> Self {
        let pairs = ranges.iter().zip(ranges.iter().skip(1));
        let holes = pairs
            .filter(|(before, after)| after.slot_lo > before.slot_hi.saturating_add(1))
            .map(|(before, after)| (before.slot_hi + 1, after.slot_lo - 1));
        Self {
            first: ranges.first().map(|range| range.slot_lo),
            holes: holes.take(MOST).collect(),
        }
    }

    /// These slots are done without.
    pub(super) fn give_up(&mut self, from: u64, to: u64) {
        // What is in another hole already goes to this one: they stay disjoint.
        self.stored_but(from, to);
        if from <= to && self.holes.len() < MOST {
            self.holes.push((from, to));
            self.holes.sort_unstable();
        }
    }

    /// What is stored begins here, if it did not begin before.
    pub(super) fn begins(&mut self, slot: u64) {
        self.first = Some(self.first.map_or(slot, |first| first.min(slot)));
    }

    /// These slots are stored now.
    pub(super) fn stored(&mut self, from: u64, to: u64) {
        self.begins(from);
        self.stored_but(from, to);
    }

    fn stored_but(&mut self, from: u64, to: u64) {
        let split = |(lo, hi): (u64, u64)| {
            let before = (lo < from).then(|| (lo, hi.min(from.saturating_sub(1))));
            let after = (hi > to).then(|| (lo.max(to.saturating_add(1)), hi));
            before.into_iter().chain(after)
        };
        self.holes = std::mem::take(&mut self.holes)
            .into_iter()
            .flat_map(split)
            .collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(slot_lo: u64, slot_hi: u64) -> Range {
        Range {
            slot_lo,
            slot_hi,
            part: 0,
            last_block_slot: slot_hi,
            last_blockhash: [0; 32],
        }
    }

    #[test]
    fn holes_lie_between_ranges_and_close_where_slots_are_stored() {
        assert_eq!(Missing::between(&[]), Missing::default());
        let ranges = [range(5, 9), range(10, 12), range(20, 30), range(41, 50)];
        let mut missing = Missing::between(&ranges);
        assert_eq!(missing.first, Some(5));
        assert_eq!(missing.holes, [(13, 19), (31, 40)]);
        missing.stored(15, 16);
        assert_eq!(missing.holes, [(13, 14), (17, 19), (31, 40)]);
        missing.stored(1, 17);
        assert_eq!(missing.first, Some(1));
        assert_eq!(missing.holes, [(18, 19), (31, 40)]);
        missing.give_up(60, 70);
        missing.give_up(35, 61);
        assert_eq!(missing.holes, [(18, 19), (31, 34), (35, 61), (62, 70)]);
        missing.stored(0, u64::MAX);
        assert!(missing.holes.is_empty());
    }
}
