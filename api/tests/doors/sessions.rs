//! Sessions and keys: how they are carried, and that they end at once.

use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::support::access::{DOMAIN, Doors, Manners, Wallet};
use crate::{header, refusal};

async fn sign_in(doors: &Doors, wallet: &Wallet) -> (String, Response) {
    let output = wallet.output(&doors.text(wallet).await);
    let answer = doors
        .send(Method::POST, "/api/auth/sign-in", None, &output)
        .await;
    assert_eq!(answer.status(), 200);
    let cookie = header(&answer, "set-cookie").expect("a cookie").to_owned();
    (cookie, answer)
}

async fn me(doors: &Doors, headers: &[(&str, &str)]) -> (u16, Value) {
    let answer = doors.ask(Method::GET, "/api/auth/me", headers, "").await;
    (answer.status().as_u16(), answer.json().await.expect("JSON"))
}

#[tokio::test]
async fn a_browser_keeps_the_session_where_scripts_cannot_read_it() {
    for secure in [false, true] {
        let doors = Doors::with(Manners {
            secure,
            ..Manners::default()
        })
        .await;
        let wallet = Wallet::new(1);
        let (cookie, answer) = sign_in(&doors, &wallet).await;
        let body: Value = answer.json().await.expect("JSON");
        let token = body["token"].as_str().expect("a token");
        let mut parts = cookie.split("; ");
        let pair = parts.next().expect("a pair");
        let name = if secure {
            "__Host-hn_session"
        } else {
            "hn_session"
        };
        assert_eq!(pair, format!("{name}={token}"));
        let attributes: Vec<&str> = parts.collect();
        for wanted in ["Path=/", "HttpOnly", "SameSite=Lax"] {
            assert!(attributes.contains(&wanted), "{cookie}");
        }
        assert_eq!(attributes.contains(&"Secure"), secure, "{cookie}");
        assert!(!cookie.contains("Domain"), "{cookie}");
        let age = attributes
            .iter()
            .find_map(|part| part.strip_prefix("Max-Age="));
        let age: u64 = age.expect("an age").parse().expect("seconds");
        assert!((29 * 86_400..=30 * 86_400).contains(&age), "{cookie}");

        let (status, body) = me(&doors, &[("cookie", pair)]).await;
        assert_eq!((status, &body["via"]), (200, &json!("session")));
        assert_eq!(body["wallet"], wallet.address());
        // By the name of the other kind of connection it is nobody's.
        let other = if secure {
            "hn_session"
        } else {
            "__Host-hn_session"
        };
        let (_, body) = me(&doors, &[("cookie", &format!("{other}={token}"))]).await;
        assert_eq!(body["via"], "nothing");
    }
}

#[tokio::test]
async fn signing_out_ends_a_session_at_once() {
    let doors = Doors::open().await;
    let wallet = Wallet::new(1);
    let (cookie, _) = sign_in(&doors, &wallet).await;
    let pair = cookie.split(';').next().expect("a pair").to_owned();
    let token = pair.trim_start_matches("hn_session=").to_owned();
    let other = doors.session(&wallet).await;
    let key = doors.key(&other, &["read"]).await;
    assert_eq!(me(&doors, &[("cookie", &pair)]).await.0, 200);

    let own = format!("https://{DOMAIN}");
    let from_a_page = [("cookie", pair.as_str()), ("origin", own.as_str())];
    let answer = doors
        .ask(Method::POST, "/api/auth/sign-out", &from_a_page, "")
        .await;
    assert_eq!(answer.status(), 200);
    let gone = header(&answer, "set-cookie").expect("a cookie");
    assert!(
        gone.starts_with("hn_session=; ") && gone.contains("Max-Age=0"),
        "{gone}"
    );
    for headers in [
        ("cookie", pair.clone()),
        ("authorization", format!("Bearer {token}")),
    ] {
        let (status, body) = me(&doors, &[(headers.0, &headers.1)]).await;
        assert_eq!(status, 401, "{body}");
        let text = body["error"].as_str().expect("a text");
        assert!(text.contains("revoked: sign in again"), "{text}");
    }
    // The wallet's other session and its key live on, until they are ended, too.
    for token in [&other, &key] {
        let bearer = format!("Bearer {token}");
        assert_eq!(me(&doors, &[("authorization", &bearer)]).await.0, 200);
    }
    let everywhere = json!({"everywhere": true});
    let (status, _) = doors
        .post("/api/auth/sign-out", Some(&other), &everywhere)
        .await;
    assert_eq!(status, 200);
    let of = |token: &str| format!("Bearer {token}");
    assert_eq!(me(&doors, &[("authorization", &of(&other))]).await.0, 401);
    assert_eq!(me(&doors, &[("authorization", &of(&key))]).await.0, 200);
}

#[tokio::test]
async fn a_revoked_key_is_refused_at_once() {
    let doors = Doors::open().await;
    let session = doors.session(&Wallet::new(1)).await;
    let (_, made) = doors
        .post("/api/keys", Some(&session), &json!({"scopes": ["read"]}))
        .await;
    let secret = made["secret"].as_str().expect("a key").to_owned();
    let id = made["key"]["id"].as_str().expect("an id").to_owned();
    let bearer = format!("Bearer {secret}");
    assert_eq!(me(&doors, &[("authorization", &bearer)]).await.0, 200);

    // Rotated with no grace: the new one works, the old one does not.
    let path = format!("/api/keys/{id}/rotate");
    let (status, rotated) = doors.post(&path, Some(&session), &json!({})).await;
    assert_eq!(status, 201, "{rotated}");
    assert_eq!(me(&doors, &[("authorization", &bearer)]).await.0, 401);
    let bearer = format!("Bearer {}", rotated["secret"].as_str().expect("a key"));
    assert_eq!(me(&doors, &[("authorization", &bearer)]).await.0, 200);

    let path = format!(
        "/api/keys/{}",
        rotated["key"]["id"].as_str().expect("an id")
    );
    let answer = doors
        .send(Method::DELETE, &path, Some(&session), &json!({}))
        .await;
    assert_eq!(answer.status(), 200);
    let answer = doors
        .ask(
            Method::GET,
            "/api/auth/me",
            &[("authorization", &bearer)],
            "",
        )
        .await;
    assert_eq!(
        header(&answer, "www-authenticate"),
        Some("Bearer realm=\"hypernode\"")
    );
    let (status, text) = refusal(answer).await;
    assert_eq!(status, 401);
    assert!(text.contains("make a new API key"), "{text}");
}

#[tokio::test]
async fn a_role_that_was_taken_is_gone_at_once() {
    let doors = Doors::open().await;
    let wallet = Wallet::new(2);
    let operator = doors.session_in_role(&Wallet::new(1), "operator").await;
    let trusted = doors.session_in_role(&wallet, "operator").await;
    let trail = "/api/operator/trail";
    let ask = async || {
        doors
            .send(Method::GET, trail, Some(&trusted), &json!({}))
            .await
            .status()
    };
    assert_eq!(ask().await, 200);
    let taken = json!({"wallet": wallet.address(), "role": "operator", "granted": false});
    let (status, body) = doors
        .post("/api/operator/roles", Some(&operator), &taken)
        .await;
    assert_eq!(status, 200, "{body}");
    assert!(matches!(ask().await.as_u16(), 401 | 403));
}

#[tokio::test]
async fn whoever_may_not_is_told_what_is_missing_and_how_to_get_it() {
    let doors = Doors::open().await;
    let boss = doors.session_in_role(&Wallet::new(1), "operator").await;
    let session = doors.session(&Wallet::new(2)).await;
    // The owner has the role: what is missing is the scope.
    let key = doors.key(&boss, &["read"]).await;
    let said = async |token: &str, path: &str, body: Value| {
        let (status, body) = doors.post(path, Some(token), &body).await;
        (status, body["error"].as_str().unwrap_or("").to_owned())
    };
    for (token, path, status, parts) in [
        (
            &key,
            "/api/metrics/update",
            403,
            ["scopes lack `operator`", "POST /api/keys"],
        ),
        (
            &session,
            "/api/metrics/update",
            403,
            ["the role operator", "hypernode operator grant"],
        ),
        (
            &session,
            "/api/jobs/1/result",
            403,
            ["the role host", "POST /api/hosts/prove"],
        ),
        (
            &key,
            "/api/auth/sign-out",
            400,
            ["an API key", "DELETE /api/keys/{id}"],
        ),
    ] {
        let (answered, text) = said(token, path, json!({})).await;
        assert_eq!(answered, status, "{path}: {text}");
        for part in parts {
            assert!(text.contains(part), "{path}: {part}: {text}");
        }
        for internal in ["PostEvents", "RunJob"] {
            assert!(!text.contains(internal), "{path}: {text}");
        }
    }
    let to =
        json!({"wallet": "11111111111111111111111111111111", "role": "operator", "granted": true});
    let (status, text) = said(&boss, "/api/operator/roles", to).await;
    assert_eq!(status, 400);
    assert!(text.contains("no wallet holds a key"), "{text}");
}
