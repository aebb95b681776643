//! Times as the old shapes print them.

use chrono::{DateTime, SecondsFormat, Utc};

/// Unix seconds as `2024-05-01T12:00:00.000Z`. 0, which stands for "unknown", gives `None`.
#[must_use]
pub fn iso_seconds(seconds: u32) -> Option<String> {
    if seconds == 0 {
        return None;
    }
    iso_millis(i64::from(seconds) * 1000)
}

/// Unix milliseconds as `2024-05-01T12:00:00.000Z`; `None` outside the calendar.
#[must_use]
pub fn iso_millis(millis: i64) -> Option<String> {
    Some(DateTime::from_timestamp_millis(millis)?.to_rfc3339_opts(SecondsFormat::Millis, true))
}

/// Days since 1970 as `2024-05-01`; `None` outside the calendar.
#[must_use]
pub fn iso_day(day: i32) -> Option<String> {
    let start = DateTime::from_timestamp(i64::from(day) * 86_400, 0)?;
    Some(start.format("%Y-%m-%d").to_string())
}

/// The present, in the same form.
#[must_use]
pub fn iso_now() -> String {
    Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The present in Unix seconds.
#[must_use]
pub fn now() -> i64 {
    Utc::now().timestamp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_that_of_a_browser() {
        assert_eq!(
            iso_seconds(1_714_564_800).as_deref(),
            Some("2024-05-01T12:00:00.000Z")
        );
        assert_eq!(iso_seconds(0), None);
        assert_eq!(iso_day(19_844).as_deref(), Some("2024-05-01"));
        assert_eq!(iso_day(i32::MAX), None);
        assert_eq!(iso_millis(i64::MAX), None);
    }
}
