//! Base units and HYPER. Sums stay integers until here.

/// Most decimals that a token of ours may have: SPL mints store them in one byte, and u128 has 38 digits.
pub const MAX_DECIMALS: u8 = 18;

/// `raw` base units as a HYPER number: the floating-point number nearest to the exact decimal value.
/// Decimals above [`MAX_DECIMALS`] count as that many.
#[must_use]
pub fn to_hyper(raw: u128, decimals: u8) -> f64 {
    let decimals = usize::from(decimals.min(MAX_DECIMALS));
    let scale = 10_u128.pow(u32::try_from(decimals).unwrap_or(0));
    let text = format!("{}.{:0decimals$}", raw / scale, raw % scale);
    // Digits, a point, digits: always a number.
    text.parse().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_number_is_given() {
        assert_eq!(to_hyper(0, 6), 0.0);
        assert_eq!(to_hyper(1, 6), 0.000_001);
        assert_eq!(to_hyper(1_234_567, 6), 1.234_567);
        assert_eq!(to_hyper(95, 0), 95.0);
        assert_eq!(to_hyper(u128::from(u64::MAX), 6), 18_446_744_073_709.55);
        assert!(to_hyper(u128::MAX, 0).is_finite());
        assert!(to_hyper(u128::MAX, 255).is_finite());
    }
}
