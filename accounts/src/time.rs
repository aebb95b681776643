//! Times as wallets read them. All times of this crate are Unix milliseconds, given by the caller.

use chrono::{DateTime, SecondsFormat, Utc};

/// One minute, in milliseconds.
pub const MINUTE: i64 = 60_000;
/// One day, in milliseconds.
pub const DAY: i64 = 24 * 60 * MINUTE;
/// How far the clocks of those who take part may differ, in milliseconds.
pub const SKEW: i64 = MINUTE;

/// `ms` as `2026-01-31T12:00:00.000Z`, the form that JavaScript's `toISOString` writes. Times that no calendar holds
/// become the epoch.
#[must_use]
pub fn iso(ms: i64) -> String {
    DateTime::<Utc>::from_timestamp_millis(ms)
        .unwrap_or_default()
        .to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The milliseconds that `text` names, if it is an RFC 3339 time.
#[must_use]
pub fn parse_iso(text: &str) -> Option<i64> {
    DateTime::parse_from_rfc3339(text)
        .ok()
        .map(|time| time.timestamp_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_as_javascript_writes_it() {
        assert_eq!(iso(1_700_000_000_123), "2023-11-14T22:13:20.123Z");
        assert_eq!(
            parse_iso("2023-11-14T22:13:20.123Z"),
            Some(1_700_000_000_123)
        );
        assert_eq!(iso(i64::MAX), "1970-01-01T00:00:00.000Z");
        assert_eq!(parse_iso("yesterday"), None);
    }
}
