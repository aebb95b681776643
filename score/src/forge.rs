//! What a score costs whoever makes up the evidence for it: the fees that a new node pays for perfect jobs.

use crate::{
    constants::{CAP, HIGHEST, PHI, UNIT},
    score::score,
    sums::Totals,
};

/// The least that a node without evidence needs to reach a score, if all of it is of today and none of it is bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forge {
    /// Whole units of good evidence.
    pub units: u64,
    /// Fees in raw HYPER that these units cost: paid to the network, so not regained.
    pub raw_hyper: u64,
    /// Wallets that must have requested the jobs, since each counts for 8 units.
    pub requesters: u64,
}

/// More units than the highest score needs.
const ENOUGH: u64 = 4096;

/// The cost of forging `target`. `None` above [`HIGHEST`], which no evidence reaches.
///
/// Up to the prior score it is nothing at all: every new node has that.
#[must_use]
pub fn forge(target: u16) -> Option<Forge> {
    if target > HIGHEST {
        return None;
    }
    let reached = |units: u64| {
        let evidence = Totals {
            good: units * UNIT,
            bad: 0,
        };
        score(evidence).value >= target
    };
    // The least number of units that reaches it: whole units up to `ENOUGH` never lower a score, as a test shows.
    let (mut low, mut high) = (0, ENOUGH);
    while low < high {
        let middle = low.midpoint(high);
        if reached(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Some(Forge {
        units: low,
        raw_hyper: low * PHI,
        requesters: (low * UNIT).div_ceil(CAP),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_values_of_the_definition() {
        for (target, units, requesters) in [
            (0, 0, 0),
            (364, 0, 0),
            (365, 1, 1),
            (500, 1, 1),
            (700, 5, 1),
            (800, 8, 1),
            (900, 20, 3),
            (950, 43, 6),
            (980, 111, 14),
            (990, 225, 29),
            (999, 2279, 285),
        ] {
            let expected = Forge {
                units,
                raw_hyper: units * 100_000,
                requesters,
            };
            assert_eq!(forge(target), Some(expected), "{target}");
        }
        assert_eq!([forge(1000), forge(u16::MAX)], [None, None]);
    }

    #[test]
    fn whole_units_only_raise_a_score() {
        let scores: Vec<u16> = (0..=ENOUGH)
            .map(|units| units * UNIT)
            .map(|good| score(Totals { good, bad: 0 }).value)
            .collect();
        assert!(scores.is_sorted());
        assert_eq!(scores.last(), Some(&HIGHEST));
    }
}
