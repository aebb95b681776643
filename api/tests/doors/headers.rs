//! What every answer carries, refusals too.

use std::time::Duration;

use hypernode_accounts::limits::{Class, Rate};
use reqwest::Method;

use crate::header;
use crate::support::access::{Doors, Manners};

/// Method, path, headers, and the status of the answer.
type Kind<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], u16);

/// Each kind of answer, and how to get it.
const ANSWERS: [Kind<'static>; 12] = [
    ("GET", "/web/app.css", &[], 200),
    ("HEAD", "/web/app.css", &[], 200),
    ("GET", "/api/auth/me", &[], 200),
    ("GET", "/internal/status", &[], 200),
    ("POST", "/api/auth/sign-in", &[], 400),
    ("GET", "/api/keys", &[], 401),
    (
        "POST",
        "/api/keys",
        &[
            ("cookie", "hn_session=x; __Host-hn_session=x"),
            ("origin", "https://evil.example"),
        ],
        403,
    ),
    ("GET", "/nothing", &[], 404),
    ("PUT", "/api/keys", &[], 404),
    ("POST", "/api/nodes/register", &[], 401),
    ("GET", "/api/metrics", &[], 500),
    (
        "OPTIONS",
        "/api/keys",
        &[
            ("origin", "https://pages.example"),
            ("access-control-request-method", "POST"),
        ],
        200,
    ),
];

#[tokio::test]
async fn browsers_are_kept_safe_whatever_is_answered() {
    for secure in [false, true] {
        let manners = Manners::default();
        let one = Rate::new(1, 1, Duration::from_hours(1)).expect("a rate");
        let doors = Doors::with(Manners {
            secure,
            proxies: vec!["127.0.0.1"],
            rates: manners.rates.with(Class::Expensive, one),
            ..manners
        })
        .await;
        let long = format!("/?{}", "a".repeat(9_000));
        let limited = format!("/tx/{}", "1".repeat(64));
        let from = [("x-forwarded-for", "198.51.100.1")];
        let mut answers: Vec<Kind<'_>> = ANSWERS.to_vec();
        answers.push(("GET", &long, &[], 414));
        doors.ask(Method::GET, &limited, &from, "").await;
        answers.push(("GET", &limited, &from, 429));
        for (method, path, headers, status) in answers {
            let method: Method = method.parse().expect("a method");
            let answer = doors.ask(method.clone(), path, headers, "").await;
            let path = path.get(..40).unwrap_or(path);
            assert_eq!(answer.status(), status, "{method} {path}");
            for (name, wanted) in [
                ("x-content-type-options", "nosniff"),
                ("x-frame-options", "DENY"),
                ("referrer-policy", "no-referrer"),
            ] {
                assert_eq!(header(&answer, name), Some(wanted), "{method} {path}");
            }
            let policy = header(&answer, "content-security-policy").expect("a policy");
            assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"));
            assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
            let strict = header(&answer, "strict-transport-security");
            assert_eq!(
                strict,
                secure.then_some("max-age=31536000"),
                "{method} {path}"
            );
            assert_eq!(header(&answer, "x-hypernode-open-dev"), None);
            assert_eq!(header(&answer, "server"), None);
        }
    }
}
