//! The session's cookie.

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};

/// Browsers accept the first name by HTTPS only, for the whole host, and from that host itself.
const NAMES: (&str, &str) = ("__Host-hn_session", "hn_session");

fn name(secure: bool) -> &'static str {
    if secure { NAMES.0 } else { NAMES.1 }
}

/// The session that a browser sends along.
pub(super) fn session(headers: &HeaderMap, secure: bool) -> Option<&str> {
    let name = name(secure);
    let values = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(known, value)| (known == name && !value.is_empty()).then_some(value))
}

/// Sets it for `seconds`; 0 takes it away.
pub(super) fn set(token: &str, seconds: i64, secure: bool) -> Option<HeaderValue> {
    let name = name(secure);
    let secured = if secure { "; Secure" } else { "" };
    let text =
        format!("{name}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secured}");
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sessions_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(
            COOKIE,
            HeaderValue::from_static("a=b; hn_session=; x_hn_session=no"),
        );
        assert_eq!(session(&headers, false), None);
        headers.append(COOKIE, HeaderValue::from_static("c; hn_session=tok; d=e"));
        assert_eq!(session(&headers, false), Some("tok"));
        assert_eq!(session(&headers, true), None);
    }

    #[test]
    fn scripts_and_plain_connections_do_not_get_it() {
        let value = set("tok", 60, true).unwrap();
        assert_eq!(
            value,
            "__Host-hn_session=tok; Path=/; HttpOnly; SameSite=Lax; Max-Age=60; Secure"
        );
        assert!(!format!("{value:?}").contains("tok"));
    }
}
