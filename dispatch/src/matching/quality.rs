//! A node's quality: five parts of a million.

use serde::{Deserialize, Serialize};

/// The best there can be: the sum of the five weights.
pub const QUALITY: u32 = 1_000_000;
const REPUTATION: u64 = 400_000;
const STAKE: u64 = 100_000;
const COMPLETION: u64 = 150_000;
const CAPACITY: u64 = 200_000;
const LATENCY: u64 = 150_000;

/// Response times beyond this count as this, in milliseconds.
const SLOWEST_MS: u32 = 2_000;
/// Milliseconds to a place of the table.
const STEP_MS: u32 = 5;

/// The five parts, each up to its weight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partial {
    /// Up to 400,000: reputation of 1,000.
    pub reputation: u32,
    /// Up to 100,000: half of it at the stake that the rules name.
    pub stake: u32,
    /// Up to 150,000: the lower bound of the rate of completed runs.
    pub completion: u32,
    /// Up to 200,000: no slot taken.
    pub capacity: u32,
    /// Up to 150,000: an answer within 5 ms; e^(-t / 250 ms).
    pub latency: u32,
}

impl Partial {
    /// Q.
    pub fn quality(&self) -> u32 {
        self.reputation + self.stake + self.completion + self.capacity + self.latency
    }
}

/// 400,000 × reputation / 1,000.
pub(super) fn reputation(score: u16) -> u32 {
    part(REPUTATION, u64::from(score.min(1000)), 1000)
}

/// 100,000 × stake / (stake + half).
pub(super) fn stake(stake: u64, half: u64) -> u32 {
    // Beyond 2^40 the last bits decide nothing, and no product can overflow.
    let shift = 24_u32.saturating_sub(stake.max(half).leading_zeros());
    let (stake, half) = (stake >> shift, half >> shift);
    part(STAKE, stake, stake + half)
}

/// 150,000 × the lower bound of completed runs among those that ended by the node's doing, 0 to 1,000.
pub(super) fn completion(completed: u32, failed: u32) -> u32 {
    part(
        COMPLETION,
        u64::from(completion_bound(completed, failed)),
        1000,
    )
}

/// The lower bound of the rate of completion, 0 to 1000: that of reputation, over whole runs. 364 of no runs at all.
pub fn completion_bound(completed: u32, failed: u32) -> u16 {
    let units = |runs: u32| u64::from(runs) * hypernode_score::constants::UNIT;
    let (good, bad) = (units(completed), units(failed));
    hypernode_score::score(hypernode_score::Totals { good, bad }).value
}

/// 200,000 × free / slots.
pub(super) fn capacity(running: u16, slots: u16) -> u32 {
    let free = slots.saturating_sub(running);
    part(CAPACITY, u64::from(free), u64::from(slots))
}

/// 150,000 × e^(-ms / 250), by steps of 5 ms.
pub fn latency_score(ms: u32) -> u32 {
    let place = ms.min(SLOWEST_MS) / STEP_MS;
    LATENCY_TABLE[place as usize]
}

fn part(weight: u64, of: u64, whole: u64) -> u32 {
    (weight * of).checked_div(whole).unwrap_or(0) as u32
}

/// floor(150,000 × e^(-k/50)) for k = 0 to 400, by 128-bit fixed point: the same on every machine.
static LATENCY_TABLE: [u32; (SLOWEST_MS / STEP_MS) as usize + 1] = latency_table();

const fn latency_table() -> [u32; (SLOWEST_MS / STEP_MS) as usize + 1] {
    // e^(-1/50) × 2^62, rounded down.
    const RATIO: u128 = 4_520_368_516_969_838_308;
    let mut table = [0; (SLOWEST_MS / STEP_MS) as usize + 1];
    let mut value: u128 = 1 << 62;
    let mut k = 0;
    while k < table.len() {
        table[k] = ((value * LATENCY as u128) >> 62) as u32;
        value = (value * RATIO) >> 62;
        k += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_table_is_what_it_says() {
        for (k, entry) in LATENCY_TABLE.iter().enumerate() {
            let exact = 150_000.0 * (-(k as f64) / 50.0).exp();
            assert!(
                (f64::from(*entry) - exact).abs() <= 1.0,
                "{k}: {entry} {exact}"
            );
        }
        assert_eq!(latency_score(0), 150_000);
        assert_eq!(latency_score(u32::MAX), latency_score(2_000));
    }

    #[test]
    fn worked_parts() {
        assert_eq!(reputation(500), 200_000);
        assert_eq!(stake(100, 100), 50_000);
        assert_eq!(stake(0, 0), 0);
        assert_eq!(capacity(1, 4), 150_000);
        assert_eq!(capacity(5, 4), 0);
        assert_eq!(completion_bound(0, 0), 364);
        assert_eq!(completion_bound(100, 0), 977);
        assert_eq!(completion_bound(8, 2), 624);
    }

    proptest! {
        #[test]
        fn no_part_is_more_than_its_weight(a: u16, held: u64, half: u64, c: u32, f: u32, ms: u32, r: u16, s: u16) {
            let all = Partial {
                reputation: reputation(a),
                stake: stake(held, half),
                completion: completion(c, f),
                capacity: capacity(r, s),
                latency: latency_score(ms),
            };
            prop_assert!(all.quality() <= QUALITY);
            prop_assert!(all.stake <= 100_000 && all.completion <= 150_000);
        }
    }
}
