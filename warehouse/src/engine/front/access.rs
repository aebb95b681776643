//! Who may ask: loopback names in `Host`, no foreign `Origin`, and one of two credentials.

use hyper::HeaderMap;
use hyper::header::{AUTHORIZATION, HOST, ORIGIN};

use super::error::{Failure, code};
use crate::engine::credentials::Credentials;

/// What a caller may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Everything.
    Writer,
    /// Single reads of tables, within limits.
    Reader,
}

/// Refuses requests that a browser sent on behalf of a web page: a name that was rebound to loopback shows
/// in `Host`, a foreign page in `Origin`.
pub(super) fn check_origin(headers: &HeaderMap) -> Result<(), Failure> {
    let refuse = |what: &str| {
        Failure::new(
            code::ACCESS_DENIED,
            format!("{what} is not this machine's loopback name"),
        )
    };
    let host = headers
        .get(HOST)
        .and_then(|value| value.to_str().ok())
        .ok_or_else(|| refuse("Host"))?;
    if !is_loopback(host) {
        return Err(refuse("Host"));
    }
    for origin in headers.get_all(ORIGIN) {
        let origin = origin.to_str().unwrap_or("");
        if origin.strip_prefix("http://") != Some(host) {
            return Err(refuse("Origin"));
        }
    }
    Ok(())
}

/// Whether `host[:port]` names loopback.
fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(""),
        None => host.split(':').next().unwrap_or(""),
    };
    name.eq_ignore_ascii_case("localhost") || name == "127.0.0.1" || name == "::1"
}

/// A user and password as one source of the request gave them.
#[derive(Debug)]
struct Claim {
    user: String,
    password: String,
}

fn basic(value: &str) -> Option<Claim> {
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let bytes = base64_simd::STANDARD.decode_to_vec(encoded.trim()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (user, password) = text.split_once(':')?;
    Some(Claim {
        user: user.to_owned(),
        password: password.to_owned(),
    })
}

/// Finds out who asks. `url` holds the `user` and `password` parameters.
pub(super) fn authenticate(
    headers: &HeaderMap,
    url: (Option<&str>, Option<&str>),
    credentials: &Credentials,
) -> Result<Role, Failure> {
    let failed = || {
        Failure::new(
            code::AUTHENTICATION_FAILED,
            "Authentication failed: password is incorrect, or there is no user with such name. (AUTHENTICATION_FAILED)",
        )
    };
    let header = |name: &str| {
        headers
            .get(name)
            .map(|v| v.to_str().unwrap_or("").to_owned())
    };
    let mut claims = Vec::new();
    if let Some(value) = headers.get(AUTHORIZATION) {
        claims.push(value.to_str().ok().and_then(basic).ok_or_else(failed)?);
    }
    let (user, key) = (header("x-clickhouse-user"), header("x-clickhouse-key"));
    for (user, password) in [
        (user, key),
        (url.0.map(str::to_owned), url.1.map(str::to_owned)),
    ] {
        if user.is_some() || password.is_some() {
            claims.push(Claim {
                user: user.unwrap_or_else(|| "default".into()),
                password: password.unwrap_or_default(),
            });
        }
    }
    match claims.as_slice() {
        [] => Err(Failure::new(
            code::REQUIRED_PASSWORD,
            "no credential was sent; the file clickhouse.credentials in the data directory holds them. (REQUIRED_PASSWORD)",
        )),
        [claim] => credentials
            .role(&claim.user, &claim.password)
            .ok_or_else(failed),
        // Two sources that may disagree are a mistake or an attempt to smuggle one past a proxy.
        _ => Err(failed()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderName;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(n, v)| {
                (
                    HeaderName::from_bytes(n.as_bytes()).unwrap(),
                    v.parse().unwrap(),
                )
            })
            .collect()
    }

    #[test]
    fn only_loopback_hosts_and_their_own_origin() {
        for host in [
            "localhost",
            "localhost:8123",
            "127.0.0.1:1",
            "[::1]:8123",
            "LOCALHOST",
        ] {
            assert!(check_origin(&headers(&[("host", host)])).is_ok(), "{host}");
        }
        for host in [
            "evil.example",
            "127.0.0.1.evil.example:8123",
            "localhost.evil",
            "10.0.0.1",
            "",
            "0.0.0.0",
            "[::2]",
        ] {
            assert!(check_origin(&headers(&[("host", host)])).is_err(), "{host}");
        }
        let same = [
            ("host", "localhost:8123"),
            ("origin", "http://localhost:8123"),
        ];
        assert!(check_origin(&headers(&same)).is_ok());
        for origin in [
            "null",
            "http://evil.example",
            "http://localhost:3001",
            "https://localhost:8123",
        ] {
            let pairs = [("host", "localhost:8123"), ("origin", origin)];
            assert!(check_origin(&headers(&pairs)).is_err(), "{origin}");
        }
        assert!(check_origin(&HeaderMap::new()).is_err());
    }

    #[test]
    fn each_source_of_credentials_works_alone_and_two_are_refused() {
        let c = Credentials::generate();
        let basic = format!(
            "Basic {}",
            base64_simd::STANDARD.encode_to_string(format!("hypernode:{}", c.password))
        );
        let none = (None, None);
        let role = |h: &[(&str, &str)], url| authenticate(&headers(h), url, &c).map_err(|e| e.code);
        assert_eq!(role(&[("authorization", &basic)], none), Ok(Role::Writer));
        let keys = [
            ("x-clickhouse-user", "reader"),
            ("x-clickhouse-key", &c.reader_password),
        ];
        assert_eq!(role(&keys, none), Ok(Role::Reader));
        assert_eq!(
            role(&[], (Some("hypernode"), Some(&c.password))),
            Ok(Role::Writer)
        );
        assert_eq!(role(&[], none), Err(194));
        assert_eq!(role(&[], (Some("default"), None)), Err(516));
        assert_eq!(role(&[], (Some("reader"), Some(&c.password))), Err(516));
        assert_eq!(role(&[], (Some("hypernode"), Some(""))), Err(516));
        assert_eq!(role(&[], (None, Some(&c.password))), Err(516));
        assert_eq!(role(&[("authorization", "Bearer x")], none), Err(516));
        assert_eq!(role(&[("authorization", "Basic !!!")], none), Err(516));
        assert_eq!(
            role(&keys, (Some("hypernode"), Some(&c.password))),
            Err(516)
        );
    }
}
