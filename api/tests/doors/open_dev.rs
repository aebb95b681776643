//! A developer's own machine: things change without signing in there, and from nowhere else.

use reqwest::Method;
use serde_json::{Value, json};

use crate::header;
use crate::support::access::{Doors, Manners, Wallet};

const NAME: &str = "x-hypernode-open-dev";

async fn doors(open_dev: bool, proxies: Vec<&'static str>) -> Doors {
    Doors::with(Manners {
        open_dev,
        proxies,
        ..Manners::default()
    })
    .await
}

/// The status of each change that asks who it is, sent with `headers`.
async fn changes(doors: &Doors, headers: &[(&str, &str)]) -> Vec<u16> {
    let mut statuses = Vec::new();
    for path in [
        "/api/metrics/update",
        "/api/nodes/register",
        "/api/jobs",
        "/api/operator/roles",
    ] {
        let answer = doors.ask(Method::POST, path, headers, "{}").await;
        let open = header(&answer, NAME);
        assert_eq!(open, doors.access.open_dev.then_some("true"), "{path}");
        statuses.push(answer.status().as_u16());
    }
    statuses
}

/// Taken: nothing is kept of what is posted, and `{}` names no wallet, no job and no role.
const TAKEN: [u16; 4] = [503, 400, 400, 400];
const REFUSED: [u16; 4] = [401; 4];

#[tokio::test]
async fn this_machine_changes_things_without_signing_in() {
    let doors = doors(true, vec![]).await;
    let host = doors.server.base.trim_start_matches("http://").to_owned();
    for headers in [
        vec![],
        vec![("host", host.as_str())],
        vec![("host", "localhost:3001")],
        vec![("host", "[::1]:3001")],
        vec![("origin", "http://localhost:5173")],
        vec![("origin", "https://hub.example")],
        // Browsers hold localhost and 127.0.0.1 for two sites.
        vec![
            ("origin", "http://localhost:5173"),
            ("sec-fetch-site", "cross-site"),
        ],
        vec![("sec-fetch-site", "same-origin")],
    ] {
        assert_eq!(changes(&doors, &headers).await, TAKEN, "{headers:?}");
    }
    let answer = doors.server.get("/api/auth/me").await;
    assert_eq!(header(&answer, NAME), Some("true"));
    let body: Value = answer.json().await.expect("JSON");
    assert_eq!(
        (&body["openDev"], &body["via"]),
        (&json!(true), &json!("nothing"))
    );
    // Nobody in particular has nothing of their own.
    let (status, _) = doors
        .post("/api/keys", None, &json!({"scopes": ["read"]}))
        .await;
    assert_eq!(status, 401);
}

#[tokio::test]
async fn foreign_pages_and_names_change_nothing() {
    let doors = doors(true, vec![]).await;
    for headers in [
        vec![("origin", "https://evil.example")],
        vec![("origin", "http://localhost.evil.example")],
        vec![("origin", "null")],
        // A name of theirs for this machine's address.
        vec![("host", "evil.example")],
        vec![("host", "evil.example:3001")],
        vec![("host", "localhost.evil.example")],
        vec![("host", "127.0.0.1.evil.example")],
        vec![("host", "evil.example"), ("origin", "http://evil.example")],
        // A page that does not say its name, of which the browser says that it is from elsewhere.
        vec![("sec-fetch-site", "cross-site")],
    ] {
        assert_eq!(changes(&doors, &headers).await, REFUSED, "{headers:?}");
    }
}

#[tokio::test]
async fn whoever_comes_through_a_proxy_changes_nothing() {
    let behind = doors(true, vec!["127.0.0.1"]).await;
    for from in ["198.51.100.7", "2001:db8::7", "127.0.0.1, 198.51.100.7"] {
        let headers = [("x-forwarded-for", from)];
        assert_eq!(changes(&behind, &headers).await, REFUSED, "{from}");
    }
    assert_eq!(
        changes(&behind, &[("x-forwarded-for", "127.0.0.1")]).await,
        TAKEN
    );
    // A proxy that nobody told us of: whom it speaks for is not known, so it is not this machine.
    let unknown = doors(true, vec![]).await;
    for header in [
        ("x-forwarded-for", "198.51.100.7"),
        ("x-forwarded-for", "127.0.0.1"),
        ("forwarded", "for=198.51.100.7"),
        ("x-real-ip", "198.51.100.7"),
        ("via", "1.1 proxy"),
        ("x-forwarded-host", "hub.example"),
        ("cf-connecting-ip", "198.51.100.7"),
    ] {
        assert_eq!(changes(&unknown, &[header]).await, REFUSED, "{header:?}");
    }
}

#[tokio::test]
async fn what_nobody_proved_is_in_the_trail_as_such() {
    let doors = doors(true, vec![]).await;
    let (wallet, other) = (Wallet::new(1), Wallet::new(2));
    let session = doors.session(&wallet).await;
    let grant = |to: &Wallet| json!({"wallet": to.address(), "role": "operator", "granted": true});
    for (token, to) in [
        (None, &other),
        (Some(session.as_str()), &wallet),
        // An operator now, who proved it.
        (Some(session.as_str()), &other),
    ] {
        let (status, body) = doors.post("/api/operator/roles", token, &grant(to)).await;
        assert_eq!(status, 200, "{body}");
    }
    let trail = doors.server.json("/api/operator/trail").await;
    let actors: Vec<&str> = trail["entries"]
        .as_array()
        .expect("entries")
        .iter()
        .filter(|entry| entry["action"] == "role.grant")
        .map(|entry| entry["actor"].as_str().expect("a text"))
        .collect();
    let address = wallet.address();
    let unproven = format!("open-dev/{address}");
    assert_eq!(actors, ["open-dev", unproven.as_str(), address.as_str()]);
}

#[tokio::test]
async fn elsewhere_everybody_signs_in() {
    let doors = doors(false, vec![]).await;
    for headers in [
        vec![],
        vec![("host", "localhost")],
        vec![("origin", "http://localhost:5173")],
        vec![("origin", "https://hub.example")],
    ] {
        assert_eq!(changes(&doors, &headers).await, REFUSED, "{headers:?}");
    }
    let body = doors.server.json("/api/auth/me").await;
    assert_eq!(body["openDev"], false);
}
