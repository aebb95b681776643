//! When a job is tried again.

use hypernode_state::UnixMs;

use super::rules::Rules;

/// The pause before a job goes out again: full jitter below a bound that doubles with `count`, at most the cap. The same
/// for the same `seed`, so that a life can be replayed.
pub(super) fn pause(rules: &Rules, count: u32, seed: u64) -> UnixMs {
    let doubled = rules
        .backoff_ms
        .saturating_mul(1_i64.checked_shl(count.min(30)).unwrap_or(i64::MAX));
    let bound = doubled.clamp(1, rules.backoff_cap_ms.max(1));
    let spread = mix(seed) % bound.unsigned_abs();
    i64::try_from(spread).unwrap_or(0) + 1
}

/// Spreads a counter over all 64 bits (the finaliser of splitmix64).
fn mix(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pauses_stay_below_the_cap(count: u32, seed: u64, base in 1_i64..10_000, cap in 1_i64..100_000) {
            let rules = Rules { backoff_ms: base, backoff_cap_ms: cap, ..Rules::default() };
            let pause = pause(&rules, count, seed);
            prop_assert!((1..=cap).contains(&pause), "{}", pause);
        }
    }
}
