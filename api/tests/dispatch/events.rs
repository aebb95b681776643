//! Where jobs stand, as it happens.

use futures::StreamExt as _;
use reqwest::Method;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::support::access::{Doors, Wallet};
use crate::support::stream::Stream;
use crate::{poll, submit, wanted};

async fn open(doors: &Doors, path: &str, headers: &[(&str, &str)]) -> Stream {
    Stream::new(doors.ask(Method::GET, path, headers, "").await)
}

#[tokio::test]
async fn one_job_is_followed_to_its_end() {
    let doors = Doors::open().await;
    let me = Wallet::new(1);
    let mine = doors.session(&me).await;
    let (host, node) = doors.node(&Wallet::new(2)).await;
    let id = submit(&doors, &mine, &wanted(&me)).await;
    let path = format!("/api/jobs/{id}/events");
    let mut stream = open(&doors, &path, &[]).await;
    let greeting = stream.block().await.expect("a greeting");
    assert!(greeting.starts_with("retry:"), "{greeting}");
    let now = stream.next().await.expect("the present");
    assert_eq!(
        (now.name.as_str(), &now.data["status"], &now.data["jobId"]),
        ("job", &json!("queued"), &json!(id))
    );
    poll(&doors, &host).await;
    let running = stream.next().await.expect("a change");
    assert_eq!(
        (&running.data["status"], &running.data["assignedNode"]),
        (&json!("running"), &json!(node))
    );
    let told = doors
        .post(
            &format!("/api/jobs/{id}/result"),
            Some(&host),
            &json!({"result": "of the submitter"}),
        )
        .await;
    assert_eq!(told.0, 200);
    let done = stream.next().await.expect("a change");
    assert_eq!(done.data["status"], json!("completed"));
    assert!(!done.data.to_string().contains("of the submitter"));
    assert_eq!(stream.next().await, None, "nothing more will come");

    // Whoever comes back has heard it; whoever comes late hears it.
    let again = doors
        .ask(
            Method::GET,
            &path,
            &[("last-event-id", done.id.as_str())],
            "",
        )
        .await;
    assert_eq!(again.status(), 204);
    let late = open(&doors, &path, &[]).await.next().await;
    assert_eq!(late.map(|heard| heard.data), Some(done.data));
    let none = doors.get("/api/jobs/nonsense/events", None).await;
    assert_eq!(none, (404, json!({"error": "Job not found"})));
}

#[tokio::test]
async fn the_same_is_told_on_a_socket() {
    let doors = Doors::open().await;
    let me = Wallet::new(1);
    let mine = doors.session(&me).await;
    let id = submit(&doors, &mine, &wanted(&me)).await;
    let base = doors.server.base.replace("http://", "ws://");
    let url = format!("{base}/api/jobs/{id}/events");
    let (mut socket, _) = tokio_tungstenite::connect_async(url)
        .await
        .expect("a socket");
    let mut next = async || loop {
        let frame = tokio::time::timeout(std::time::Duration::from_secs(30), socket.next()).await;
        match frame.expect("in time") {
            Some(Ok(Message::Text(text))) => {
                break Some(serde_json::from_str::<Value>(&text).expect("JSON"));
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            _ => break None,
        }
    };
    let now = next().await.expect("the present");
    assert_eq!(
        (&now["event"], &now["data"]["status"]),
        (&json!("job"), &json!("queued"))
    );
    let told = doors
        .post(&format!("/api/jobs/{id}/cancel"), Some(&mine), &json!({}))
        .await;
    assert_eq!(told.0, 200);
    let done = next().await.expect("a change");
    assert_eq!(
        (&done["data"]["status"], done["id"].is_string()),
        (&json!("cancelled"), true)
    );
    assert_eq!(next().await, None, "nothing more will come");
}

#[tokio::test]
async fn whoever_signed_in_follows_their_own_jobs() {
    let doors = Doors::open().await;
    let (me, other) = (Wallet::new(1), Wallet::new(2));
    let (mine, theirs) = (doors.session(&me).await, doors.session(&other).await);
    assert_eq!(doors.get("/api/jobs/events?mine", None).await.0, 401);
    let bearer = format!("Bearer {mine}");
    let mut own = open(
        &doors,
        "/api/jobs/events?mine",
        &[("authorization", &bearer)],
    )
    .await;
    let mut all = open(&doors, "/api/jobs/events", &[]).await;
    own.block().await.expect("a greeting");
    let foreign = submit(&doors, &theirs, &wanted(&other)).await;
    let id = submit(&doors, &mine, &wanted(&me)).await;
    assert_eq!(
        own.next().await.map(|heard| heard.data["jobId"].clone()),
        Some(json!(id))
    );
    for expected in [foreign, id] {
        assert_eq!(
            all.next().await.map(|heard| heard.data["jobId"].clone()),
            Some(json!(expected))
        );
    }
    drop((own, all));
    // Nobody is followed for those who have gone.
    for _ in 0..100 {
        submit(&doors, &mine, &wanted(&me)).await;
        if doors.desk.watch.is_empty() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{} still follow", doors.desk.watch.len());
}
