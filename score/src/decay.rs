//! What evidence weighs by its age: half after thirty days, nothing after 360.

use crate::constants::{HALF_LIFE, OLDEST};

/// Binary places of a weight: a weight of 2^32 is one.
pub const WEIGHT_BITS: u32 = 32;

/// floor(2^32 * 2^(-r/30)) for r = 0..29. A test proves each with integers alone.
pub const BASE: [u64; HALF_LIFE as usize] = [
    4_294_967_296,
    4_196_870_107,
    4_101_013_461,
    4_007_346_184,
    3_915_818_271,
    3_826_380_858,
    3_738_986_198,
    3_653_587_636,
    3_570_139_579,
    3_488_597_478,
    3_408_917_801,
    3_331_058_011,
    3_254_976_541,
    3_180_632_774,
    3_107_987_021,
    3_037_000_499,
    2_967_635_312,
    2_899_854_428,
    2_833_621_661,
    2_768_901_653,
    2_705_659_852,
    2_643_862_495,
    2_583_476_593,
    2_524_469_906,
    2_466_810_933,
    2_410_468_894,
    2_355_413_708,
    2_301_615_985,
    2_249_047_003,
    2_197_678_698,
];

/// The weight of evidence that is `age` days old, in 1/2^32: floor(2^32 * 2^(-age/30)) for 0..=360, 0 for any other.
///
/// A negative age is a day that has not come at the slot of the score.
#[must_use]
pub const fn weight(age: i64) -> u64 {
    if age < 0 || age.unsigned_abs() > OLDEST {
        return 0;
    }
    let age = age.unsigned_abs();
    // Exact, since floor(floor(x) / 2^q) = floor(x / 2^q).
    BASE[(age % HALF_LIFE) as usize] >> (age / HALF_LIFE)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `base` to the 30th as little-endian digits of 32 bits.
    fn power30(base: u64) -> Vec<u32> {
        let mut digits = vec![1_u32];
        for _ in 0..30 {
            let mut carry = 0_u128;
            for digit in &mut digits {
                carry += u128::from(*digit) * u128::from(base);
                *digit = carry as u32;
                carry >>= 32;
            }
            while carry > 0 {
                digits.push(carry as u32);
                carry >>= 32;
            }
        }
        digits
    }

    /// 2^exponent is at least the number of these digits: it has a longer binary form, or is that very power.
    fn reaches(digits: &[u32], exponent: u32) -> bool {
        let top = digits.len() - 1;
        let bits = 32 * top as u32 + digits[top].ilog2();
        let is_power = digits[top].is_power_of_two() && digits[..top].iter().all(|d| *d == 0);
        bits < exponent || (bits == exponent && is_power)
    }

    #[test]
    fn every_weight_is_the_exact_floor() {
        for age in 0..=360_u32 {
            let w = weight(i64::from(age));
            // w = floor(2^32 * 2^(-age/30)) if and only if w^30 <= 2^(960-age) < (w+1)^30.
            assert!(reaches(&power30(w), 960 - age), "{age}: too large");
            assert!(!reaches(&power30(w + 1), 960 - age), "{age}: too small");
        }
    }

    #[test]
    fn nothing_counts_outside_the_window() {
        for age in [i64::MIN, -1, 361, i64::MAX] {
            assert_eq!(weight(age), 0);
        }
        assert_eq!(
            [weight(0), weight(30), weight(360)],
            [1 << 32, 1 << 31, 1 << 20]
        );
    }
}
