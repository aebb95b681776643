//! Requests that are repeated: the same answer, and one job.

use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::access::{Doors, Wallet};
use crate::wanted;

async fn send(doors: &Doors, token: &str, key: &str, body: &Value) -> reqwest::Response {
    let bearer = format!("Bearer {token}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("idempotency-key", key),
        ("content-type", "application/json"),
    ];
    doors
        .ask(Method::POST, "/api/jobs", &headers, body.to_string())
        .await
}

async fn count(doors: &Doors) -> u64 {
    let (_, summary) = doors.get("/api/jobs/stats/summary", None).await;
    summary["stats"]["total"].as_u64().expect("a number")
}

#[tokio::test]
async fn the_same_request_has_the_same_answer_and_another_is_refused() {
    let doors = Doors::open().await;
    let (me, other) = (Wallet::new(1), Wallet::new(2));
    let (mine, theirs) = (doors.session(&me).await, doors.session(&other).await);
    let first = send(&doors, &mine, "order-1", &wanted(&me)).await;
    assert_eq!(first.status(), 201);
    assert!(first.headers().get("idempotency-replayed").is_none());
    let first = first.text().await.expect("text");
    let again = send(&doors, &mine, "order-1", &wanted(&me)).await;
    assert_eq!(again.status(), 201);
    assert_eq!(again.headers()["idempotency-replayed"], "true");
    assert_eq!(again.headers()["content-type"], "application/json");
    assert_eq!(again.text().await.expect("text"), first, "to the byte");
    // The order of fields is nothing.
    let fields: Vec<String> = wanted(&me)
        .as_object()
        .expect("an object")
        .iter()
        .rev()
        .map(|(key, value)| format!("{key:?}:{value}"))
        .collect();
    let turned = format!("{{{}}}", fields.join(","));
    let bearer = format!("Bearer {mine}");
    let turned = doors
        .ask(
            Method::POST,
            "/api/jobs",
            &[("authorization", &bearer), ("idempotency-key", "order-1")],
            turned,
        )
        .await;
    assert_eq!(turned.text().await.expect("text"), first);
    assert_eq!(count(&doors).await, 1);

    let mut changed = wanted(&me);
    changed["budget"] = json!(11);
    let refused = send(&doors, &mine, "order-1", &changed).await;
    assert_eq!(refused.status(), 422);
    let said: Value = refused.json().await.expect("JSON");
    assert!(
        said["error"]
            .as_str()
            .is_some_and(|text| text.contains("Idempotency-Key")),
        "{said}"
    );
    // Keys of two wallets never meet.
    assert_eq!(
        send(&doors, &theirs, "order-1", &wanted(&other))
            .await
            .status(),
        201
    );
    assert_eq!(
        send(&doors, &mine, "order-2", &wanted(&me)).await.status(),
        201
    );
    assert_eq!(count(&doors).await, 3);
    for key in ["", &"x".repeat(129)] {
        assert_eq!(send(&doors, &mine, key, &wanted(&me)).await.status(), 400);
    }
    // What was refused may be sent again under the same key.
    let bad = json!({"walletAddress": me.address(), "jobType": "mining"});
    assert_eq!(send(&doors, &mine, "order-3", &bad).await.status(), 400);
    assert_eq!(
        send(&doors, &mine, "order-3", &wanted(&me)).await.status(),
        201
    );
}

#[tokio::test]
async fn of_many_at_once_one_makes_a_job() {
    let doors = Doors::open().await;
    let me = Wallet::new(1);
    let mine = doors.session(&me).await;
    let body = wanted(&me);
    let answers = join_all((0..20).map(|_| send(&doors, &mine, "once", &body))).await;
    let mut ids = std::collections::BTreeSet::new();
    for answer in answers {
        match answer.status().as_u16() {
            201 => {
                let told: Value = answer.json().await.expect("JSON");
                ids.insert(told["job"]["jobId"].to_string());
            }
            409 => assert!(answer.headers().contains_key("retry-after")),
            other => panic!("{other}"),
        }
    }
    assert_eq!((ids.len(), count(&doors).await), (1, 1));
}
