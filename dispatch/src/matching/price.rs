//! Prices against the median, by eighths of an octave.

/// Fraction bits of [`price_factor`].
pub(super) const FACTOR_BITS: u32 = 20;
/// 2^20 × 2^(k/8), rounded down, for k = 0 to 7: published with version 1 of the weights.
const EIGHTHS: [u64; 8] = [
    1_048_576, 1_143_480, 1_246_974, 1_359_834, 1_482_910, 1_617_125, 1_763_487, 1_923_096,
];
/// No ratio counts for more than two.
const MOST_EIGHTHS: i32 = 8;

/// A node's price per second and its place on the scale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ask {
    /// Raw HYPER per second.
    pub raw: u64,
    /// [`octave_eighths`] of it.
    pub eighths: u16,
}

impl Ask {
    /// The ask of `raw` HYPER per second.
    pub fn new(raw: u64) -> Self {
        let eighths = octave_eighths(raw);
        Self { raw, eighths }
    }
}

/// Places on the scale of [`octave_eighths`].
pub(super) const PLACES: usize = 513;

/// The place of a price on a scale of eighths of an octave: 0 for nothing, else 1 + floor(8 × log2 price), up to 512.
pub fn octave_eighths(price: u64) -> u16 {
    let Some(octave) = price.checked_ilog2() else {
        return 0;
    };
    // The highest 21 bits against the table: exact for prices below 2^21, and one place off at the very edges above.
    let mantissa = match octave >= FACTOR_BITS {
        true => price >> (octave - FACTOR_BITS),
        false => price << (FACTOR_BITS - octave),
    };
    let eighth = EIGHTHS
        .iter()
        .rposition(|start| mantissa >= *start)
        .unwrap_or(0);
    1 + 8 * octave as u16 + eighth as u16
}

/// 2^20 × min(2, p_ref / p)^γ, for places on the scale. A price of nothing counts as the cheapest that counts.
pub fn price_factor(reference: u16, ask: u16, gamma: u8) -> u64 {
    let ratio = match ask {
        0 => MOST_EIGHTHS,
        ask => (i32::from(reference) - i32::from(ask)).min(MOST_EIGHTHS),
    };
    let eighths = ratio * i32::from(gamma);
    let mantissa = EIGHTHS[eighths.rem_euclid(8) as usize];
    match eighths.div_euclid(8) {
        octaves @ 0.. => mantissa << octaves.min(24),
        octaves => mantissa.checked_shr(octaves.unsigned_abs()).unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_table_is_what_it_says() {
        for (k, entry) in EIGHTHS.iter().enumerate() {
            let exact = 2_f64.powf(20.0 + k as f64 / 8.0).floor() as u64;
            assert_eq!(*entry, exact, "2^({k}/8)");
        }
    }

    proptest! {
        #[test]
        fn places_are_the_logarithm(octave in 0_u32..64, price: u64) {
            let price = price >> octave;
            prop_assume!(price > 0);
            let exact = 1.0 + (8.0 * (price as f64).log2()).floor();
            prop_assert!((f64::from(octave_eighths(price)) - exact).abs() <= 1.0);
            prop_assert!(usize::from(octave_eighths(price)) < PLACES);
            prop_assert!(octave_eighths(price) <= octave_eighths(price.saturating_add(1)));
        }

        #[test]
        fn factors_are_the_power(reference in 1_u16..513, ask in 1_u16..513, gamma in 0_u8..4) {
            let ratio = 2_f64.powf((f64::from(reference) - f64::from(ask)) / 8.0).min(2.0);
            let exact = ratio.powi(i32::from(gamma)) * 1_048_576.0;
            let found = price_factor(reference, ask, gamma) as f64;
            prop_assert!((found - exact).abs() <= exact / 500_000.0 + 1.0, "{found} {exact}");
        }
    }
}
