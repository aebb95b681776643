//! Posted figures: who may, what is kept, and that nothing counts them.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests stand outside any #[test]"
)]

mod support;

use hypernode_api::Posting;
use serde_json::{Value, json};
use support::history::{self, LAST};

const PATH: &str = "/api/metrics/update";

async fn post(server: &support::Server, secret: Option<&str>, body: String) -> (u16, Value) {
    let mut request = server
        .web
        .post(format!("{}{PATH}", server.base))
        .header("content-type", "application/json")
        .body(body);
    if let Some(secret) = secret {
        request = request.bearer_auth(secret);
    }
    let answer = request.send().await.expect("an answer");
    let status = answer.status().as_u16();
    (status, answer.json().await.expect("JSON"))
}

#[tokio::test]
async fn what_is_posted_is_kept_apart_and_counts_nowhere() {
    let Some((client, engine)) = history::engine().await else {
        return;
    };
    history::write_history(&client, LAST, 5).await;
    let off = support::serve(&engine.reader, support::network()).await;
    let update = json!({"type": "job_completed", "data": {"cost": 5, "txSignature": "forged"}});
    let (status, body) = post(&off, Some("anything"), update.to_string()).await;
    assert_eq!(status, 401, "{body}");

    let posting = Posting::new(client.clone(), Some("a secret"));
    let server = support::serve_posting(&engine.reader, posting).await;
    let before = server.json("/api/metrics/validation").await;
    for secret in [
        None,
        Some(""),
        Some("a secre"),
        Some("a secrets"),
        Some("A SECRET"),
    ] {
        let (status, body) = post(&server, secret, update.to_string()).await;
        assert_eq!(status, 401, "{secret:?}: {body}");
    }
    for (body, status) in [
        (json!({"type": "other"}).to_string(), 400),
        (json!({"data": 1}).to_string(), 400),
        ("[".to_owned(), 500),
        (
            json!({"type": "job_completed", "data": "x".repeat(70_000)}).to_string(),
            413,
        ),
    ] {
        let (got, answer) = post(&server, Some("a secret"), body).await;
        assert_eq!(got, status, "{answer}");
    }
    let (status, body) = post(&server, Some("a secret"), update.to_string()).await;
    assert_eq!((status, &body["message"]), (200, &json!("Metrics updated")));

    let kept: Vec<(String, String, String)> = client
        .rows("SELECT source, type, data FROM posted_metrics")
        .await
        .expect("rows");
    let data = json!({"cost": 5, "txSignature": "forged"}).to_string();
    assert_eq!(
        kept,
        [("posted".to_owned(), "job_completed".to_owned(), data)]
    );
    assert_eq!(server.json("/api/metrics/validation").await, before);
}
