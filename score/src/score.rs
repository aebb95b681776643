//! The two sums of a node to its score.

use crate::{
    constants::{PRIOR_BAD, PRIOR_GOOD, QUANTILE, UNIT},
    sums::Totals,
};

/// A node's score and what it was computed from.
///
/// `a`, `c` and `n` are the parameters of the Beta distribution Beta(a, c), n = a + c, in units of 1/2^20.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Score {
    /// HNR-1, 0 to 999: the 90 % one-sided lower bound of the share of jobs that the node does well, in thousandths.
    pub value: u16,
    /// The mean of the same distribution, floored, 0 to 999.
    pub mean: u16,
    /// The 90 % one-sided upper bound, rounded up, 1 to 1000. Between `value` and `upper` lie 80 %.
    pub upper: u16,
    /// Good evidence with the prior.
    pub a: u128,
    /// Bad evidence with the prior.
    pub c: u128,
    /// All evidence with the prior.
    pub n: u128,
    /// The standard deviation times `n`, floored.
    pub r: u128,
    /// The evidence itself, without the prior.
    pub evidence: Totals,
}

/// The score of a node with this evidence: `max(0, 10000*A - 12816*R) div (10*N)`.
///
/// Exact for any evidence. More good evidence never lowers it, more bad never raises it, by more than one point: R is
/// an integer, so the last place may move against the evidence where a score sits on the edge of two.
#[must_use]
pub const fn score(evidence: Totals) -> Score {
    let a = evidence.good as u128 + PRIOR_GOOD as u128;
    let c = evidence.bad as u128 + PRIOR_BAD as u128;
    let n = a + c;
    let r = variance(a, c, n).isqrt();
    // a and r are below 2^66, so no product here passes 2^80.
    let (scaled, spread, ten) = (10_000 * a, QUANTILE as u128 * r, 10 * n);
    let upper = (scaled + spread).div_ceil(ten);
    Score {
        value: (scaled.saturating_sub(spread) / ten) as u16,
        mean: (scaled / ten) as u16,
        upper: if upper > 1000 { 1000 } else { upper as u16 },
        a,
        c,
        n,
        r,
        evidence,
    }
}

/// `UNIT*A*C div (N + UNIT)`, exact where the product itself would not fit 128 bits: long division by digits of 20 bits.
const fn variance(a: u128, c: u128, n: u128) -> u128 {
    let divisor = n + UNIT as u128; // below 2^67
    // a is below 2^65 and c >> 20 below 2^46.
    let high = a * (c >> 20);
    // A remainder is below 2^67: with twenty more bits, and a product below 2^85 beside it, it stays below 2^88.
    let low = ((high % divisor) << 20) + a * (c & (UNIT as u128 - 1));
    let fraction = (low % divisor) << 20;
    // The quotient a*c div divisor is at most a, so this is below 2^86.
    ((((high / divisor) << 20) + low / divisor) << 20) + fraction / divisor
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::constants::{HIGHEST, PRIOR};

    fn value(good: u64, bad: u64) -> u16 {
        score(Totals { good, bad }).value
    }

    #[test]
    fn worked_values_of_the_definition() {
        for (good, bad, expected) in [
            (0, 0, PRIOR),
            (1, 0, 501),
            (10, 0, 831),
            (100, 0, 977),
            (95, 5, 912),
            (8, 2, 624),
            (0, 3, 104),
        ] {
            assert_eq!(value(good * UNIT, bad * UNIT), expected, "{good}/{bad}");
        }
    }

    #[test]
    fn the_parts_of_the_prior() {
        let s = score(Totals::default());
        assert_eq!((s.a, s.c, s.n, s.r), (2 << 20, 1 << 20, 3 << 20, 741_455));
        assert_eq!((s.value, s.mean, s.upper), (364, 666, 969));
    }

    #[test]
    fn extremes_stay_in_range() {
        assert_eq!(value(u64::MAX, 0), HIGHEST);
        assert_eq!(value(0, u64::MAX), 0);
        assert_eq!(value(u64::MAX, u64::MAX), 499);
        assert_eq!(
            score(Totals {
                good: u64::MAX,
                bad: 0
            })
            .upper,
            1000
        );
        assert_eq!(
            score(Totals {
                good: 0,
                bad: u64::MAX
            })
            .upper,
            1
        );
    }

    #[test]
    fn the_long_division_is_the_short_one() {
        let mut seed = 1_u64;
        for bits in (21..=53).cycle().take(5_000) {
            // A linear congruential generator is random enough here.
            let mut next = || {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                u128::from(seed >> (64 - bits))
            };
            let (a, c) = (next() + 1, next() + 1);
            let n = a + c;
            assert_eq!(
                variance(a, c, n),
                u128::from(UNIT) * a * c / (n + u128::from(UNIT))
            );
        }
    }

    #[test]
    fn whole_units_never_move_a_score_against_the_evidence() {
        for good in 0..200 {
            for bad in 0..200 {
                let here = value(good * UNIT, bad * UNIT);
                assert!(value((good + 1) * UNIT, bad * UNIT) >= here);
                assert!(value(good * UNIT, (bad + 1) * UNIT) <= here);
            }
        }
    }
}
