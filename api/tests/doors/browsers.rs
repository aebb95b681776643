//! What pages of other origins can make a browser do, and what they get to read.

use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::support::access::{DOMAIN, Doors, Manners, Wallet};
use crate::{header, refusal};

const OWN: &str = "https://hub.example";
const LISTED: &str = "https://pages.example";
const FOREIGN: &str = "https://evil.example";

async fn make_key(doors: &Doors, headers: &[(&str, &str)]) -> Response {
    let body = json!({"scopes": ["read"]}).to_string();
    doors.ask(Method::POST, "/api/keys", headers, body).await
}

async fn keys(doors: &Doors, token: &str) -> u64 {
    let answer = doors
        .send(Method::GET, "/api/keys", Some(token), &json!({}))
        .await;
    let body: Value = answer.json().await.expect("JSON");
    body["count"].as_u64().expect("a number")
}

#[tokio::test]
async fn a_cookie_changes_things_for_trusted_pages_only() {
    let doors = Doors::open().await;
    assert_eq!(OWN, format!("https://{DOMAIN}"));
    let token = doors.session(&Wallet::new(1)).await;
    let cookie = format!("hn_session={token}");
    let mut made = 0;
    for (origin, site, may) in [
        (Some(OWN), None, true),
        (Some(LISTED), None, true),
        (Some(LISTED), Some("cross-site"), true),
        (None, Some("same-origin"), true),
        (Some(FOREIGN), None, false),
        (Some(FOREIGN), Some("same-origin"), false),
        (Some("https://hub.example.evil.example"), None, false),
        (Some("http://hub.example"), None, false),
        (Some("null"), None, false),
        (None, None, false),
        (None, Some("same-site"), false),
        (None, Some("cross-site"), false),
        (None, Some("none"), false),
    ] {
        let mut headers = vec![("cookie", cookie.as_str())];
        headers.extend(origin.map(|origin| ("origin", origin)));
        headers.extend(site.map(|site| ("sec-fetch-site", site)));
        let answer = make_key(&doors, &headers).await;
        if may {
            assert_eq!(answer.status(), 201, "{origin:?} {site:?}");
            made += 1;
        } else {
            let (status, text) = refusal(answer).await;
            assert_eq!(status, 403, "{origin:?} {site:?}");
            assert!(text.contains("api.cors_origins"), "{text}");
        }
        assert_eq!(keys(&doors, &token).await, made, "{origin:?} {site:?}");
    }
    // Neither other methods nor a sign-out.
    for (method, path) in [
        (Method::DELETE, "/api/keys/abcdefgh"),
        (Method::POST, "/api/auth/sign-out"),
    ] {
        let headers = [("cookie", cookie.as_str()), ("origin", FOREIGN)];
        let answer = doors.ask(method.clone(), path, &headers, "").await;
        assert_eq!(answer.status(), 403, "{method} {path}");
    }
}

#[tokio::test]
async fn a_token_in_a_header_needs_no_origin() {
    let doors = Doors::open().await;
    let token = doors.session(&Wallet::new(1)).await;
    let bearer = format!("Bearer {token}");
    for headers in [
        vec![("authorization", bearer.as_str())],
        // No page can add this header for somebody else: whoever sends it has the token.
        vec![("authorization", bearer.as_str()), ("origin", FOREIGN)],
        vec![
            ("authorization", bearer.as_str()),
            ("cookie", "hn_session=hn_session_x"),
        ],
    ] {
        assert_eq!(
            make_key(&doors, &headers).await.status(),
            201,
            "{headers:?}"
        );
    }
    // A header of another kind is not a token: the cookie counts, with its rules.
    let cookie = format!("hn_session={token}");
    let headers = [
        ("authorization", "Basic eDp5"),
        ("cookie", &cookie),
        ("origin", FOREIGN),
    ];
    assert_eq!(make_key(&doors, &headers).await.status(), 403);
}

/// Else a page could sign its visitor in to the page's own account, by a plain form.
#[tokio::test]
async fn a_foreign_page_signs_nobody_in() {
    let doors = Doors::open().await;
    let wallet = Wallet::new(1);
    let body = wallet.output(&doors.text(&wallet).await).to_string();
    let sign_in = async |origin: &str| {
        let headers = [("content-type", "text/plain"), ("origin", origin)];
        doors
            .ask(Method::POST, "/api/auth/sign-in", &headers, body.clone())
            .await
    };
    for origin in [FOREIGN, "null"] {
        let answer = sign_in(origin).await;
        assert_eq!(header(&answer, "set-cookie"), None);
        assert_eq!(refusal(answer).await.0, 403, "{origin}");
    }
    let answer = sign_in(LISTED).await;
    assert_eq!(answer.status(), 200);
    assert!(header(&answer, "set-cookie").is_some());
}

#[tokio::test]
async fn any_page_reads_what_is_public_and_none_what_is_not() {
    let doors = Doors::open().await;
    let cookie = format!("hn_session={}", doors.session(&Wallet::new(1)).await);
    for origin in [FOREIGN, LISTED, "null"] {
        for path in ["/web/app.css", "/openapi.json", "/api/metrics", "/nothing"] {
            let headers = [("origin", origin), ("cookie", cookie.as_str())];
            let answer = doors.ask(Method::GET, path, &headers, "").await;
            assert_eq!(
                header(&answer, "access-control-allow-origin"),
                Some("*"),
                "{path}"
            );
            assert_eq!(
                header(&answer, "access-control-allow-credentials"),
                None,
                "{path}"
            );
        }
    }
    for (origin, may) in [
        (OWN, true),
        (LISTED, true),
        (FOREIGN, false),
        ("null", false),
    ] {
        for path in ["/api/auth/me", "/api/keys", "/api/operator/roles"] {
            let headers = [("origin", origin), ("cookie", cookie.as_str())];
            let answer = doors.ask(Method::GET, path, &headers, "").await;
            let allowed = header(&answer, "access-control-allow-origin");
            assert_eq!(allowed, may.then_some(origin), "{path} for {origin}");
            if may {
                assert_eq!(
                    header(&answer, "access-control-allow-credentials"),
                    Some("true")
                );
            }
            let varies = header(&answer, "vary").unwrap_or_default().to_lowercase();
            assert!(varies.contains("origin"), "{path}: {varies}");
        }
    }
    for path in ["/internal/status", "/metrics"] {
        let answer = doors
            .ask(Method::GET, path, &[("origin", LISTED)], "")
            .await;
        assert_eq!(
            header(&answer, "access-control-allow-origin"),
            None,
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_star_in_the_list_trusts_no_page_with_an_account() {
    let doors = Doors::with(Manners {
        listed: vec!["*"],
        ..Manners::default()
    })
    .await;
    let cookie = format!("hn_session={}", doors.session(&Wallet::new(1)).await);
    for origin in [FOREIGN, "*"] {
        let headers = [("origin", origin), ("cookie", cookie.as_str())];
        let answer = doors.ask(Method::GET, "/api/auth/me", &headers, "").await;
        assert_eq!(header(&answer, "access-control-allow-origin"), None);
        assert_eq!(make_key(&doors, &headers).await.status(), 403);
    }
}

#[tokio::test]
async fn preflights_say_what_a_page_may_send() {
    let doors = Doors::open().await;
    let ask = async |path: &str, origin: &str, method: &str| {
        let headers = [
            ("origin", origin),
            ("access-control-request-method", method),
            (
                "access-control-request-headers",
                "authorization,content-type",
            ),
        ];
        doors.ask(Method::OPTIONS, path, &headers, "").await
    };
    let listed = ask("/api/keys/abcdefgh", LISTED, "DELETE").await;
    assert_eq!(listed.status(), 200);
    assert_eq!(header(&listed, "access-control-allow-origin"), Some(LISTED));
    assert_eq!(
        header(&listed, "access-control-allow-credentials"),
        Some("true")
    );
    assert_eq!(header(&listed, "access-control-max-age"), Some("600"));
    let methods = header(&listed, "access-control-allow-methods").expect("methods");
    assert!(
        methods.contains("POST") && methods.contains("DELETE"),
        "{methods}"
    );
    let sent = header(&listed, "access-control-allow-headers").expect("headers");
    assert!(
        sent.contains("authorization") && sent.contains("content-type"),
        "{sent}"
    );

    let foreign = ask("/api/keys", FOREIGN, "POST").await;
    assert_eq!(header(&foreign, "access-control-allow-origin"), None);
    let public = ask("/api/metrics", FOREIGN, "GET").await;
    assert_eq!(header(&public, "access-control-allow-origin"), Some("*"));
    assert_eq!(header(&public, "access-control-allow-credentials"), None);
    let methods = header(&public, "access-control-allow-methods").expect("methods");
    assert!(
        !methods.contains("POST") && !methods.contains("DELETE"),
        "{methods}"
    );
}
