//! How much anybody may ask for, and whom it is counted against.

use std::time::Duration;

use hypernode_accounts::limits::{Class, Rate, Rates};
use reqwest::{Method, Response};
use serde_json::json;

use crate::support::access::{Doors, Manners, Wallet};
use crate::{header, number, refusal};

const HERE: &str = "198.51.100.1";
const THERE: &str = "198.51.100.2";

/// A server behind a proxy on this machine, on which `class` has a burst of two, and another one each half hour.
async fn behind_a_proxy(class: Class) -> Doors {
    with(class, vec!["127.0.0.1"]).await
}

async fn with(class: Class, proxies: Vec<&'static str>) -> Doors {
    let manners = Manners::default();
    let few = Rate::new(2, 2, Duration::from_hours(1)).expect("a rate");
    Doors::with(Manners {
        rates: manners.rates.with(class, few),
        proxies,
        ..manners
    })
    .await
}

async fn challenge(doors: &Doors, forwarded: &[&str]) -> Response {
    let headers: Vec<(&str, &str)> = forwarded
        .iter()
        .map(|of| ("x-forwarded-for", *of))
        .collect();
    doors
        .ask(Method::POST, "/api/auth/challenge", &headers, "{}")
        .await
}

#[tokio::test]
async fn too_many_are_told_when_to_come_back_and_others_go_on() {
    let doors = behind_a_proxy(Class::SignIn).await;
    for left in [1, 0] {
        let answer = challenge(&doors, &[HERE]).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(number(&answer, "ratelimit-limit"), 2);
        assert_eq!(number(&answer, "ratelimit-remaining"), left);
        assert!(number(&answer, "ratelimit-reset") > 1_000);
    }
    let answer = challenge(&doors, &[HERE]).await;
    let wait = number(&answer, "retry-after");
    assert!((1_700..=1_800).contains(&wait), "{wait}");
    assert_eq!(number(&answer, "ratelimit-limit"), 2);
    assert_eq!(number(&answer, "ratelimit-remaining"), 0);
    let (status, text) = refusal(answer).await;
    assert_eq!(status, 429);
    assert!(text.contains(&format!("try again in {wait} s")), "{text}");

    assert_eq!(challenge(&doors, &[THERE]).await.status(), 200);
    // Reads of the same client are another matter.
    let answer = doors
        .ask(
            Method::GET,
            "/web/app.css",
            &[("x-forwarded-for", HERE)],
            "",
        )
        .await;
    assert_eq!(answer.status(), 200);
}

/// With the rates that hold without configuration.
async fn as_it_is() -> Doors {
    Doors::with(Manners {
        rates: Rates::default(),
        proxies: vec!["127.0.0.1"],
        ..Manners::default()
    })
    .await
}

#[tokio::test]
async fn whoever_got_a_challenge_may_answer_it_and_this_machine_does_not_starve() {
    let doors = as_it_is().await;
    let from = [
        ("x-forwarded-for", HERE),
        ("content-type", "application/json"),
    ];
    let post = async |path: &str, body: String| {
        let answer = doors.ask(Method::POST, path, &from, body).await;
        let left = number(&answer, "ratelimit-remaining");
        (
            answer.status().as_u16(),
            left,
            answer.text().await.expect("text"),
        )
    };
    let wallets: Vec<Wallet> = (1..=10).map(Wallet::new).collect();
    let mut texts = Vec::new();
    for (n, wallet) in wallets.iter().enumerate() {
        let body = json!({"address": wallet.address()}).to_string();
        let (status, left, told) = post("/api/auth/challenge", body).await;
        assert_eq!((status, left), (200, 9 - n as u64), "{told}");
        let told: serde_json::Value = serde_json::from_str(&told).expect("JSON");
        texts.push(told["message"].as_str().expect("a text").to_owned());
    }
    let (status, ..) = post("/api/auth/challenge", "{}".to_owned()).await;
    assert_eq!(status, 429);
    for (wallet, text) in wallets.iter().zip(&texts) {
        let (status, _, told) = post("/api/auth/sign-in", wallet.output(text).to_string()).await;
        assert_eq!(
            status, 200,
            "a challenge that was given is answered: {told}"
        );
    }
    // The developer's own machine: many wallets, one address.
    for n in 0..30 {
        doors.session(&Wallet::new(50 + n)).await;
    }
}

#[tokio::test]
async fn nobody_writes_themselves_another_address() {
    let doors = behind_a_proxy(Class::SignIn).await;
    for _ in 0..2 {
        assert_eq!(challenge(&doors, &[HERE]).await.status(), 200);
    }
    // What stands left of the entry that the proxy wrote came from the client.
    for forged in [
        vec!["203.0.113.7, 198.51.100.1"],
        vec!["203.0.113.7", "198.51.100.1"],
        vec!["127.0.0.1, 198.51.100.1"],
        vec!["nonsense, ::1 ,198.51.100.1"],
        vec!["198.51.100.1:4711"],
        vec!["::ffff:198.51.100.1"],
        vec!["198.51.100.1, 127.0.0.1"],
    ] {
        assert_eq!(challenge(&doors, &forged).await.status(), 429, "{forged:?}");
    }
    // Other headers of that kind are the client's own.
    for name in [
        "forwarded",
        "x-real-ip",
        "cf-connecting-ip",
        "true-client-ip",
    ] {
        let value = if name == "forwarded" {
            "for=203.0.113.7"
        } else {
            "203.0.113.7"
        };
        let headers = [("x-forwarded-for", HERE), (name, value)];
        let answer = doors
            .ask(Method::POST, "/api/auth/challenge", &headers, "{}")
            .await;
        assert_eq!(answer.status(), 429, "{name}");
    }
}

#[tokio::test]
async fn without_a_trusted_proxy_the_header_says_nothing() {
    for proxies in [vec![], vec!["10.0.0.0/8"]] {
        let doors = with(Class::SignIn, proxies).await;
        assert_eq!(challenge(&doors, &["203.0.113.1"]).await.status(), 200);
        assert_eq!(challenge(&doors, &["203.0.113.2"]).await.status(), 200);
        assert_eq!(challenge(&doors, &["203.0.113.3"]).await.status(), 429);
        // This machine itself is not what some proxy on it passes on.
        assert_eq!(challenge(&doors, &[]).await.status(), 200);
    }
}

#[tokio::test]
async fn a_network_of_64_bits_is_one_client() {
    let doors = behind_a_proxy(Class::SignIn).await;
    assert_eq!(challenge(&doors, &["2001:db8:1:1::1"]).await.status(), 200);
    assert_eq!(challenge(&doors, &["2001:db8:1:1::2"]).await.status(), 200);
    assert_eq!(
        challenge(&doors, &["2001:db8:1:1:ff::3"]).await.status(),
        429
    );
    assert_eq!(challenge(&doors, &["2001:db8:1:2::1"]).await.status(), 200);
}

#[tokio::test]
async fn an_account_is_counted_wherever_it_comes_from() {
    let doors = behind_a_proxy(Class::Write).await;
    let bearer = format!("Bearer {}", doors.session(&Wallet::new(1)).await);
    let make = async |bearer: &str, from: &str| {
        let headers = [("authorization", bearer), ("x-forwarded-for", from)];
        let body = json!({"scopes": ["read"]}).to_string();
        doors
            .ask(Method::POST, "/api/keys", &headers, body)
            .await
            .status()
    };
    assert_eq!(make(&bearer, HERE).await, 201);
    assert_eq!(make(&bearer, THERE).await, 201);
    assert_eq!(make(&bearer, "198.51.100.3").await, 429);
    let other = format!("Bearer {}", doors.session(&Wallet::new(2)).await);
    assert_eq!(make(&other, HERE).await, 201);
}

#[tokio::test]
async fn dear_reads_have_a_limit_of_their_own() {
    let doors = behind_a_proxy(Class::Expensive).await;
    let transaction = format!("/tx/{}", "1".repeat(64));
    let ask = async |path: &str| {
        let headers = [("x-forwarded-for", HERE)];
        doors.ask(Method::GET, path, &headers, "").await.status()
    };
    for path in [&transaction, "/api/nodes/unknown/reputation/proof"] {
        assert_ne!(ask(path).await, 429, "{path}");
    }
    assert_eq!(ask(&transaction).await, 429);
    assert_eq!(ask("/web/app.css").await, 200);
}

#[tokio::test]
async fn whoever_waits_as_long_as_told_is_answered() {
    let manners = Manners::default();
    let one = Rate::new(1, 1, Duration::from_secs(1)).expect("a rate");
    let doors = Doors::with(Manners {
        rates: manners.rates.with(Class::Read, one),
        proxies: vec!["127.0.0.1"],
        ..manners
    })
    .await;
    let ask = async || {
        let headers = [("x-forwarded-for", HERE)];
        doors.ask(Method::GET, "/web/app.css", &headers, "").await
    };
    assert_eq!(ask().await.status(), 200);
    let refused = ask().await;
    assert_eq!(refused.status(), 429);
    let wait = number(&refused, "retry-after");
    assert_eq!(wait, 1);
    tokio::time::sleep(Duration::from_secs(wait)).await;
    assert_eq!(ask().await.status(), 200);
    // This machine's own reads are not counted.
    for _ in 0..5 {
        let answer = doors.ask(Method::GET, "/web/app.css", &[], "").await;
        assert_eq!(answer.status(), 200);
        assert_eq!(header(&answer, "ratelimit-limit"), None);
    }
}

/// A page that cannot read a refusal sees a broken network, and knows nothing of waiting.
#[tokio::test]
async fn pages_can_read_that_there_were_too_many() {
    let doors = behind_a_proxy(Class::Read).await;
    let ask = async |path: &str, origin: &str| {
        let headers = [("x-forwarded-for", HERE), ("origin", origin)];
        doors.ask(Method::GET, path, &headers, "").await
    };
    for _ in 0..2 {
        assert_eq!(
            ask("/api/auth/me", "https://pages.example").await.status(),
            200
        );
    }
    for (path, origin, allowed, credentials) in [
        (
            "/api/auth/me",
            "https://pages.example",
            "https://pages.example",
            Some("true"),
        ),
        ("/api/metrics", "https://evil.example", "*", None),
    ] {
        let answer = ask(path, origin).await;
        assert_eq!(answer.status(), 429);
        assert_eq!(
            header(&answer, "access-control-allow-origin"),
            Some(allowed)
        );
        assert_eq!(
            header(&answer, "access-control-allow-credentials"),
            credentials
        );
        let exposed = answer.headers().get_all("access-control-expose-headers");
        let exposed: Vec<_> = exposed.iter().filter_map(|of| of.to_str().ok()).collect();
        let exposed = exposed.join(",");
        assert!(
            exposed.contains("retry-after") && exposed.contains("ratelimit-reset"),
            "{exposed}"
        );
    }
}

#[tokio::test]
async fn one_address_does_not_take_all_places_of_the_live_stream() {
    let doors = behind_a_proxy(Class::SignIn).await;
    let listen = async |from: &str| {
        let headers = [("x-forwarded-for", from)];
        doors
            .ask(Method::GET, "/api/validation/live", &headers, "")
            .await
    };
    let mut open = Vec::new();
    for at in 0..16 {
        // One network of 64 bits is one address.
        let answer = listen(&format!("2001:db8:1:1::{at:x}")).await;
        assert_eq!(answer.status(), 200, "{at}");
        open.push(answer);
    }
    let refused = listen("2001:db8:1:1:ffff::1").await;
    assert_eq!(number(&refused, "retry-after"), 10);
    let (status, text) = refusal(refused).await;
    assert_eq!(status, 429);
    assert!(text.contains("16 live streams"), "{text}");
    assert_eq!(listen("2001:db8:1:2::1").await.status(), 200);
    assert_eq!(listen(HERE).await.status(), 200);
    // This machine's own pages and tools are not counted.
    for _ in 0..20 {
        let answer = doors.server.get("/api/validation/live").await;
        assert_eq!(answer.status(), 200);
        open.push(answer);
    }
}
