//! Amounts of memory as hosts write them.

use serde_json::Value;

use crate::limits::most;

const KILO: f64 = 1024.0;

/// Memory in MB of 2²⁰ bytes. A written unit counts (`24576 MiB`, `24GB`, `24 GB`; GB means GiB, as on a graphics card's box);
/// a bare number from 1024 on is MB, a smaller one GB. None for words, for less than nothing and for more than
/// [`most::MEMORY_MB`].
#[must_use]
pub fn megabytes(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => whole(bare(number.as_f64()?)),
        Value::String(text) => written(text),
        _ => None,
    }
}

fn written(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: f64 = number.parse().ok()?;
    let unit = unit.trim_start();
    let is = |names: [&str; 3]| names.iter().any(|name| unit.eq_ignore_ascii_case(name));
    whole(if unit.is_empty() {
        bare(number)
    } else if is(["M", "MB", "MiB"]) {
        number
    } else if is(["G", "GB", "GiB"]) {
        number * KILO
    } else if is(["T", "TB", "TiB"]) {
        number * KILO * KILO
    } else if is(["K", "KB", "KiB"]) {
        number / KILO
    } else if is(["B", "byte", "bytes"]) {
        number / KILO / KILO
    } else {
        return None;
    })
}

fn bare(number: f64) -> f64 {
    if number >= KILO {
        number
    } else {
        number * KILO
    }
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "between 0 and 2²⁴"
)]
fn whole(number: f64) -> Option<u64> {
    (0.0..=most::MEMORY_MB as f64)
        .contains(&number)
        .then(|| number.round() as u64)
}

/// A share in percent: `37`, `"37%"`, `"37 %"`; more than 100 is 100.
pub(crate) fn percent(value: &Value) -> Option<u8> {
    let share = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => {
            let number: f64 = text.trim().trim_end_matches('%').trim_end().parse().ok()?;
            number
        }
        _ => return None,
    };
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and 100"
    )]
    (share >= 0.0).then(|| share.min(100.0).round() as u8)
}
