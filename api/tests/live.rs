//! The live stream: one look for all who listen, places that are bounded, an end when the server stops.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests stand outside any #[test]"
)]

mod support;

use std::time::{Duration, Instant};

use serde_json::json;
use support::history::{self, LAST};
use support::stream::Stream;

#[tokio::test]
async fn all_who_listen_hear_the_same_when_the_slot_moves() {
    let Some((client, engine)) = history::engine().await else {
        return;
    };
    history::write_history(&client, LAST - 1, 5).await;
    let server = support::serve(&engine.reader, support::network()).await;
    let mut first = server.stream("").await;
    let greeting = first.block().await.expect("a greeting");
    assert!(greeting.starts_with("retry:"), "{greeting}");
    let told = first.next().await.expect("the present");
    assert_eq!((told.name.as_str(), told.id.as_str()), ("snapshot", "7"));
    assert_eq!(told.data["as_of_slot"], 7);
    assert_eq!(told.data["figures"]["paid_total"], "3800000");
    assert_eq!(told.data["shown"]["paid_total"], "3.80");
    assert_eq!(told.data["newest_receipt"]["slot"], 7);
    // Who comes later hears the present at once, and so does who asks for final slots.
    let mut second = server.stream("").await;
    assert_eq!(second.next().await.as_ref(), Some(&told));
    let mut final_only = server.stream("?finality=finalized").await;
    let heard = final_only.next().await.expect("the final slot");
    assert_eq!(
        (heard.id.as_str(), &heard.data["finality"]),
        ("5", &json!("finalized"))
    );

    history::publish(&client, LAST, LAST, 5).await;
    let (one, two) = (first.next().await, second.next().await);
    assert_eq!(one, two, "one event for all");
    let one = one.expect("news");
    assert_eq!(one.id, "8");
    assert_eq!(one.data["figures"]["jobs_created"], "6", "{}", one.data);
    // Nothing is said while nothing changes.
    let more = tokio::time::timeout(Duration::from_secs(2), first.next()).await;
    assert!(more.is_err(), "{more:?}");
}

#[tokio::test]
async fn trouble_is_told_and_no_figure_with_it() {
    let server = support::serve(&history::unreachable(), support::network()).await;
    let told = server.stream("").await.next().await.expect("an event");
    assert_eq!((told.name.as_str(), told.id.as_str()), ("trouble", ""));
    assert_eq!(
        told.data,
        json!({ "error": "The figures cannot be read just now" })
    );
}

#[tokio::test]
async fn places_are_bounded_and_given_back() {
    let server = support::serve(&history::unreachable(), support::network()).await;
    let mut streams: Vec<Stream> = Vec::new();
    for _ in 0..256 {
        streams.push(server.stream("").await);
    }
    let refused = server.get("/api/validation/live").await;
    assert_eq!(refused.status(), 503);
    let said: serde_json::Value = refused.json().await.expect("JSON");
    assert!(
        said["error"]
            .as_str()
            .expect("text")
            .contains("/api/metrics"),
        "{said}"
    );
    assert_eq!(
        server.get("/health").await.status(),
        503,
        "others are answered"
    );
    drop(streams);
    let start = Instant::now();
    while server.get("/api/validation/live").await.status() != 200 {
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "places come back"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_stop_ends_the_streams_at_once() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    let _ = rustls::crypto::ring::default_provider().install_default();
    let stop = tokio_util::sync::CancellationToken::new();
    let state = hypernode_api::ApiState::new(
        history::unreachable(),
        support::network(),
        std::sync::Arc::new(support::Told),
    );
    let serving = tokio::spawn(hypernode_api::serve(listener, None, state, stop.clone()));
    let answer = reqwest::get(format!("{base}/api/validation/live"))
        .await
        .expect("an answer");
    let mut stream = Stream::new(answer);
    assert!(stream.next().await.is_some());
    let start = Instant::now();
    stop.cancel();
    assert_eq!(stream.next().await, None, "the stream ends");
    serving.await.expect("no panic").expect("no error");
    assert!(
        start.elapsed() < Duration::from_secs(2),
        "{:?}",
        start.elapsed()
    );
}
