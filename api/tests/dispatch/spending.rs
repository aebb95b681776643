//! How much anybody may ask for.

use std::time::Duration;

use hypernode_accounts::limits::{Class, Rate, Rates};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::access::{Doors, Manners, Wallet};
use crate::{job, poll, submit, wanted};

async fn capped(doors: &Doors, session: &str, cap: &str) -> (String, String) {
    let body = json!({"scopes": ["jobs:read", "jobs:write"], "spendCap": cap});
    let (status, made) = doors.post("/api/keys", Some(session), &body).await;
    assert_eq!(status, 201, "{made}");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    (text(&made["secret"]), text(&made["key"]["id"]))
}

async fn spent(doors: &Doors, session: &str, id: &str) -> String {
    let (_, keys) = doors.get("/api/keys", Some(session)).await;
    let keys = keys["keys"].as_array().expect("keys");
    let key = keys
        .iter()
        .find(|key| key["id"] == json!(id))
        .expect("the key");
    key["spent"].as_str().expect("text").to_owned()
}

// I-41.
#[tokio::test]
async fn a_key_sets_aside_no_more_than_its_cap_and_gets_back_what_was_not_spent() {
    let doors = Doors::open().await;
    let me = Wallet::new(1);
    let session = doors.session(&me).await;
    let (key, id) = capped(&doors, &session, "15000000").await;
    let first = submit(&doors, &key, &wanted(&me)).await;
    assert_eq!(spent(&doors, &session, &id).await, "10000000");
    let (status, told) = doors.post("/api/jobs", Some(&key), &wanted(&me)).await;
    assert_eq!(status, 402, "{told}");
    assert!(
        told["error"]
            .as_str()
            .is_some_and(|text| text.contains("5000000")),
        "{told}"
    );
    // The session has no cap, and what costs nothing needs none.
    submit(&doors, &session, &wanted(&me)).await;
    let mut unpaid = wanted(&me);
    unpaid["budget"] = json!(0);
    submit(&doors, &key, &unpaid).await;

    let cancelled = doors
        .post(&format!("/api/jobs/{first}/cancel"), Some(&key), &json!({}))
        .await;
    assert_eq!(cancelled.0, 200, "{}", cancelled.1);
    assert_eq!(
        spent(&doors, &session, &id).await,
        "0",
        "what was set aside is free again"
    );

    // A run that costs less than its budget: the rest comes back.
    let mut strong = wanted(&me);
    strong["priority"] = json!(9);
    let second = submit(&doors, &key, &strong).await;
    let (host, _) = doors.node(&Wallet::new(2)).await;
    assert_eq!(poll(&doors, &host).await["jobId"], json!(second));
    tokio::time::sleep(Duration::from_millis(5)).await;
    let done = doors
        .post(
            &format!("/api/jobs/{second}/result"),
            Some(&host),
            &json!({}),
        )
        .await;
    assert_eq!(done.0, 200, "{}", done.1);
    let cost = job(&doors, &second, None).await["metrics"]["costRaw"].clone();
    assert_eq!(
        (cost, spent(&doors, &session, &id).await.as_str()),
        (json!("10000"), "10000")
    );
}

#[tokio::test]
async fn whoever_submits_too_fast_is_told_when_to_come_back_and_others_go_on() {
    let many = Rate::new(100_000, 100_000, Duration::from_secs(1)).expect("a rate");
    let slow = Rate::new(2, 1, Duration::from_secs(60)).expect("a rate");
    let rates = Class::ALL
        .iter()
        .fold(Manners::default().rates, |rates, class| {
            rates.with(*class, many)
        })
        .with(Class::Submit, slow);
    let doors = Doors::with(Manners {
        rates,
        ..Manners::default()
    })
    .await;
    let (me, other) = (Wallet::new(1), Wallet::new(2));
    let (mine, theirs) = (doors.session(&me).await, doors.session(&other).await);
    let key = doors.key(&mine, &["jobs:write"]).await;
    submit(&doors, &mine, &wanted(&me)).await;
    submit(&doors, &key, &wanted(&me)).await;
    // By whichever key: it is one wallet.
    for token in [&mine, &key] {
        let answer = doors
            .send(Method::POST, "/api/jobs", Some(token), &wanted(&me))
            .await;
        assert_eq!(answer.status(), 429);
        let wait = answer.headers()["retry-after"]
            .to_str()
            .expect("text")
            .parse::<u64>();
        assert!((1..=61).contains(&wait.expect("seconds")));
    }
    submit(&doors, &theirs, &wanted(&other)).await;
}

#[tokio::test]
async fn as_many_submissions_pass_as_the_document_says_and_the_headers_tell() {
    let says = include_str!("../../../docs/SECURITY.md");
    assert!(says.contains("20 a second and wallet, whatever its keys, after a burst of 200"));
    let doors = Doors::with(Manners {
        rates: Rates::default(),
        ..Manners::default()
    })
    .await;
    let me = Wallet::new(1);
    let session = doors.session(&me).await;
    let key = doors.key(&session, &["jobs:write"]).await;
    let body = wanted(&me);
    let told = |answer: &reqwest::Response, name: &str| {
        let text = answer.headers()[name].to_str().expect("text");
        text.parse::<u32>().expect("a number")
    };
    let began = std::time::Instant::now();
    let (mut passed, mut before) = (0, 200);
    let refused = loop {
        let token = if passed % 2 == 0 { &session } else { &key };
        let answer = doors
            .send(Method::POST, "/api/jobs", Some(token), &body)
            .await;
        assert_eq!(told(&answer, "ratelimit-limit"), 200);
        if answer.status() != 201 {
            break answer;
        }
        let left = told(&answer, "ratelimit-remaining");
        let came_back = u32::try_from(began.elapsed().as_millis() / 50).expect("a number") + 1;
        assert!(left < before + came_back, "{left} after {before}");
        (passed, before) = (passed + 1, left);
    };
    assert_eq!(refused.status(), 429);
    assert_eq!(told(&refused, "ratelimit-remaining"), 0);
    assert_eq!(told(&refused, "retry-after"), 1);
    let came_back = u32::try_from(began.elapsed().as_millis() / 50).expect("a number") + 1;
    assert!((200..=200 + came_back).contains(&passed), "{passed}");
    tokio::time::sleep(Duration::from_secs(1)).await;
    for _ in 0..10 {
        submit(&doors, &session, &body).await;
    }
    // What else a wallet changes has a bucket of its own.
    let answer = doors
        .send(Method::POST, "/api/jobs/report", Some(&session), &json!({}))
        .await;
    assert_eq!(told(&answer, "ratelimit-limit"), 60);
}
