//! Amounts of HYPER as people write them.

use serde_json::{Number, Value};

/// Why an amount cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be HYPER as a number of 0 or more with at most {decimals} decimals, or base units as a string of digits, up to {most} base units"
)]
pub struct AmountError {
    decimals: u8,
    most: u64,
}

/// Base units of `value`: a number is HYPER, a string base units, nothing is 0. At most `most`.
///
/// # Errors
/// [`AmountError`].
pub fn raw(value: &Value, decimals: u8, most: u64) -> Result<u64, AmountError> {
    let found = match value {
        Value::Null | Value::Bool(false) => Some(0),
        Value::String(text) if text.is_empty() => Some(0),
        Value::String(digits) => whole(digits),
        Value::Number(number) => of_number(number, decimals),
        _ => None,
    };
    let fits = found.filter(|raw| *raw <= most);
    fits.ok_or(AmountError { decimals, most })
}

fn of_number(number: &Number, decimals: u8) -> Option<u64> {
    if let Some(whole) = number.as_u64() {
        return whole.checked_mul(10_u64.checked_pow(decimals.into())?);
    }
    // The shortest decimals that are this number, never with an exponent: what the writer meant.
    let text = number.as_f64()?.to_string();
    let (units, part) = text.split_once('.').unwrap_or((&text, ""));
    let missing = usize::from(decimals).checked_sub(part.len())?;
    whole(&format!("{units}{part}{}", "0".repeat(missing)))
}

fn whole(digits: &str) -> Option<u64> {
    let is_plain = digits.len() <= 40 && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_plain.then(|| digits.parse().ok()).flatten()
}

/// Base units as a HYPER number, as the old interfaces show it.
#[allow(clippy::cast_precision_loss, reason = "shown beside the exact integer")]
pub fn hyper(raw: u64, decimals: u8) -> f64 {
    raw as f64 / 10_f64.powi(decimals.into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_hyper_and_strings_base_units() {
        let of = |value: Value| raw(&value, 6, 1_000_000_000_000).ok();
        for (value, expected) in [
            (json!(10), Some(10_000_000)),
            (json!(0.1), Some(100_000)),
            (json!(0.29), Some(290_000)),
            (json!(1.000_001), Some(1_000_001)),
            (json!(10.0), Some(10_000_000)),
            (json!("250"), Some(250)),
            (json!(null), Some(0)),
            (json!(0), Some(0)),
            (json!(""), Some(0)),
            (json!(false), Some(0)),
            (json!(1_000_000), Some(1_000_000_000_000)),
            // A budget of 0 has no cap: what is next to nothing must not become one.
            (json!(0.000_000_1), None),
            (json!(-1), None),
            (json!(-0.5), None),
            (json!(1_000_001), None),
            (json!(u64::MAX), None),
            (json!(1e300), None),
            (json!("1.5"), None),
            (json!("-1"), None),
            (json!(" 1"), None),
            (json!("9".repeat(100)), None),
            (json!(true), None),
            (json!([1]), None),
            (json!({}), None),
        ] {
            assert_eq!(of(value.clone()), expected, "{value}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(units in 0_u64..1_000_000_000_000) {
            let shown = json!(hyper(units, 6));
            prop_assert_eq!(raw(&shown, 6, u64::MAX).ok(), Some(units));
        }

        #[test]
        fn nothing_panics(number: f64, decimals in 0_u8..19) {
            let _ = raw(&json!(number), decimals, u64::MAX);
        }
    }
}
