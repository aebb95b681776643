//! What a running job writes, over HTTP.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use hypernode_dispatch::nodes::Standing;
use hypernode_dispatch::sessions::{Heard, Hub, HubSetup, Sent, SessionsConfig};
use reqwest::Method;
use serde_json::{Value, json};

use crate::contract::documented;
use crate::support::access::{Doors, Wallet};
use crate::support::serve_state;
use crate::support::stream::Stream;
use crate::{job, submit, wanted};

/// The host's end of a socket.
struct Line {
    to: UnboundedSender<Heard>,
    from: UnboundedReceiver<Sent>,
}

impl Line {
    fn open(hub: &Hub) -> Self {
        let seat = hub.seat(IpAddr::from([192, 0, 2, 1])).expect("a seat");
        let (to, heard) = unbounded();
        let (out, from) = unbounded();
        let hub = hub.clone();
        tokio::spawn(async move { hub.run(seat, heard, out).await });
        Self { to, from }
    }

    #[allow(clippy::needless_pass_by_value, reason = "`json!` makes values")]
    fn say(&self, frame: Value) {
        let frame = Heard::Frame(frame.to_string().into_bytes().into());
        self.to.unbounded_send(frame).expect("open");
    }

    async fn hear_a(&mut self, kind: &str) -> Value {
        loop {
            let sent = tokio::time::timeout(Duration::from_secs(20), self.from.next()).await;
            let Some(Sent::Text(text)) = sent.expect("in time") else {
                panic!("no `{kind}`");
            };
            let frame: Value = serde_json::from_str(&text).expect("JSON");
            if frame["type"] == kind {
                return frame;
            }
        }
    }
}

fn hub(doors: &Doors) -> Hub {
    let desk = &doors.desk;
    Hub::new(HubSetup {
        config: SessionsConfig {
            test_after_ms: None,
            ..SessionsConfig::default()
        },
        name: "hub.example".to_owned(),
        nodes: desk.nodes.clone(),
        center: desk.center.clone(),
        store: Arc::clone(&desk.store),
        catalog: Arc::clone(&desk.catalog),
        standing: Arc::new(|_| Standing::default()),
        clock: Arc::clone(&desk.clock),
    })
}

#[tokio::test]
async fn what_a_running_job_writes_is_read_by_whoever_sees_it_and_by_nobody_else() {
    let doors = Doors::open().await;
    let hub = hub(&doors);
    let server = serve_state(doors.state.clone().with_hub(hub.clone())).await;
    let doors = Doors { server, ..doors };
    let (me, other) = (Wallet::new(1), Wallet::new(2));
    let mine = doors.session(&me).await;
    let theirs = doors.session(&other).await;
    let operator = doors.session_in_role(&Wallet::new(6), "operator").await;
    let owner = Wallet::new(3);
    let token = doors.host_token(&owner, &doors.session(&owner).await).await;
    let mut line = Line::open(&hub);
    line.say(json!({"type": "register", "proto": 1, "token": token,
        "hostInfo": {"gpus": [{"name": "H100", "memory": "80 GB"}], "capabilities": ["inference"]}}));
    line.hear_a("registered").await;
    let id = submit(&doors, &mine, &wanted(&me)).await;
    let path = format!("/api/jobs/{id}/logs");
    let offer = line.hear_a("offer").await;
    line.say(json!({"type": "accept", "job": offer["job"], "fence": offer["fence"]}));
    let given = line.hear_a("job").await;
    let of_run = |mut frame: Value| {
        frame["job"] = json!(id);
        frame["fence"] = given["fence"].clone();
        frame
    };
    line.say(of_run(json!({"type": "log", "seq": 0, "chunk": "one\n"})));
    line.say(of_run(
        json!({"type": "progress", "permille": 400, "message": "loading"}),
    ));
    for _ in 0..200 {
        let tail = hub.logs().tail(id.parse().expect("a job"));
        if tail.is_some_and(|tail| tail.progress.is_some()) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }

    for (token, expected) in [
        (None, 401),
        (Some(&theirs), 403),
        (Some(&mine), 200),
        (Some(&token), 200),
        (Some(&operator), 200),
    ] {
        let (status, told) = doors.get(&path, token.map(String::as_str)).await;
        assert_eq!(status, expected, "{told}");
        assert_eq!(told.to_string().contains("one"), expected == 200);
    }
    let (_, told) = doors.get(&path, Some(&mine)).await;
    documented("/api/jobs/{id}/logs", "get", 200, &told);
    assert_eq!(
        (&told["live"], &told["progress"]),
        (
            &json!(true),
            &json!({"permille": 400, "message": "loading"})
        )
    );
    let first = json!([{"seq": 0, "stream": "stdout", "text": "one\n", "cut": false}]);
    assert_eq!(told["output"], first);
    // The job itself tells it where the old shape has room.
    let seen = job(&doors, &id, Some(&mine)).await;
    assert_eq!(
        (&seen["logs"], &seen["progress"]["permille"]),
        (&json!(["one"]), &json!(400))
    );
    documented(
        "/api/jobs/{id}",
        "get",
        200,
        &json!({"success": true, "job": seen}),
    );
    let public = job(&doors, &id, None).await;
    assert_eq!(
        (&public["logs"], public.get("progress")),
        (&json!([]), None)
    );

    // As it comes.
    let bearer = format!("Bearer {mine}");
    let listen = async |last: &str| {
        let headers = [
            ("authorization", bearer.as_str()),
            ("accept", "text/event-stream"),
            ("last-event-id", last),
        ];
        doors.ask(Method::GET, &path, &headers, "").await
    };
    let mut stream = Stream::new(listen("").await);
    let progress = stream.next().await.expect("progress");
    assert_eq!(
        (progress.name.as_str(), &progress.data["permille"]),
        ("progress", &json!(400))
    );
    let one = stream.next().await.expect("what was written");
    assert_eq!((one.name.as_str(), &one.data), ("output", &first[0]));
    line.say(of_run(
        json!({"type": "log", "seq": 1, "stream": "stderr", "chunk": "two\n"}),
    ));
    let two = stream.next().await.expect("more");
    assert_eq!(
        (&two.data["text"], &two.data["stream"]),
        (&json!("two\n"), &json!("stderr"))
    );
    // Whoever comes back is told what it has not heard.
    let mut again = Stream::new(listen(&one.id).await);
    assert_eq!(again.next().await.expect("progress").name, "progress");
    assert_eq!(
        again.next().await.expect("more").data["text"],
        json!("two\n")
    );

    line.say(
        json!({"type": "job_result", "id": id, "fence": given["fence"], "status": "completed"}),
    );
    line.hear_a("ack").await;
    let end = stream.next().await.expect("the end");
    assert_eq!(
        (end.name.as_str(), &end.data),
        ("end", &json!({"status": "completed"}))
    );
    assert_eq!(stream.next().await, None);
    assert_eq!(listen(&end.id).await.status(), 204);
    // What is kept; the host that had it sees it no longer.
    let (_, kept) = doors.get(&path, Some(&mine)).await;
    assert_eq!(
        (&kept["live"], &kept["output"][0]["text"]),
        (&json!(false), &json!("one\ntwo\n"))
    );
    assert_eq!(doors.get(&path, Some(&token)).await.0, 403);
}
