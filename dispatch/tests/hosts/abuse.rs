//! Frames and hosts that mean no good: refused clearly, and a good host beside them is unharmed.

use futures::channel::mpsc;
use futures::{StreamExt as _, stream};
use hypernode_dispatch::sessions::{Close, Heard, NoSeat, Sent, SessionsConfig};
use serde_json::json;

use crate::support::{Hall, Job, WALLET, quick, v1_info};

#[tokio::test]
async fn a_flood_is_cut_off_and_a_good_host_goes_on() {
    let config = SessionsConfig {
        frames_per_s: 10,
        frame_burst: 50,
        ..quick()
    };
    let hall = Hall::with(config).await;
    let mut good = hall.host(&hall.token().await, v1_info()).await;
    let mut flood = hall.line();
    for _ in 0..1_000 {
        flood.say(json!({"type": "heartbeat", "nodeId": null}));
    }
    let last = loop {
        let frame = flood.hear().await;
        if frame["type"] == "error" {
            break frame;
        }
    };
    assert!(
        last["message"]
            .as_str()
            .is_some_and(|text| text.contains("too many")),
        "{last}"
    );
    assert_eq!(flood.ended().await, Close::Flood);
    hall.submit(1, Job::default()).await;
    let frame = good.hear_a("job").await;
    good.say(json!({"type": "job_result", "id": frame["id"], "status": "completed", "logs": ""}));
    good.hear_a("ack").await;
}

#[tokio::test]
async fn malformed_frames_are_refused_one_by_one() {
    let hall = Hall::open().await;
    let mut line = hall.host(&hall.token().await, v1_info()).await;
    let deep = "[".repeat(10_000);
    let huge = format!(
        r#"{{"type":"job_result","id":"x","status":"completed","logs":"{}"}}"#,
        "x".repeat(2 << 20)
    );
    let many = format!(
        r#"{{"type":"heartbeat","running":[{}1]}}"#,
        "{},".repeat(100_000)
    );
    for bytes in [
        b"\xff\xfe\x00".to_vec(),
        deep.into_bytes(),
        huge.into_bytes(),
        many.into_bytes(),
        Vec::new(),
    ] {
        line.say_bytes(bytes);
        let answer = line.hear().await;
        assert_eq!(
            answer,
            json!({"type": "error", "message": "Invalid message format"})
        );
    }
    assert!(line.is_open());
}

#[tokio::test]
async fn a_host_that_reads_nothing_is_given_up() {
    let config = SessionsConfig {
        write_ms: 200,
        ..quick()
    };
    let hall = Hall::with(config).await;
    let seat = hall.hub.seat("192.0.2.7".parse().expect("an address"));
    let heartbeat = Heard::Frame(r#"{"type":"heartbeat","nodeId":null}"#.into());
    let frames = stream::repeat(heartbeat).take(100).chain(stream::pending());
    // Room for one frame, and nobody who takes it.
    let (out, _unread) = mpsc::channel::<Sent>(0);
    let close = hall.hub.run(seat.expect("a seat"), frames, out).await;
    assert_eq!(close, Close::Slow);
    assert_eq!(hall.hub.hubbub().sockets, 0);
}

#[tokio::test]
async fn addresses_have_so_many_sockets() {
    let config = SessionsConfig {
        most_per_address: 2,
        most_sockets: 3,
        ..quick()
    };
    let hall = Hall::with(config).await;
    let (_one, _two) = (hall.line(), hall.line());
    let seat = |address: &str| {
        hall.hub
            .seat(address.parse().expect("an address"))
            .map(|_| ())
    };
    assert_eq!(seat("192.0.2.1"), Err(NoSeat::OfAddress(2)));
    let _three = hall.line_from("192.0.2.2");
    assert_eq!(seat("192.0.2.3"), Err(NoSeat::OfAll(3)));
}

#[tokio::test]
async fn results_of_jobs_that_are_another_hosts_count_for_nothing() {
    let hall = Hall::open().await;
    let mut victim = hall.host(&hall.token().await, v1_info()).await;
    let job = hall.submit(1, Job::default()).await;
    victim.hear_a("job").await;
    let mut thief = hall.host(&hall.token().await, v1_info()).await;
    thief.say(
        json!({"type": "job_result", "id": job.to_string(), "status": "completed", "logs": "mine"}),
    );
    assert_eq!(thief.hear().await["message"], "Job not found");
    let victims = hall.nodes.of_wallet(WALLET)[0].node.id.to_string();
    thief.say(json!({"type": "job_result", "id": job.to_string(), "nodeId": victims, "status": "completed"}));
    assert_eq!(thief.hear().await["message"], "Invalid node ID");
    victim.say(
        json!({"type": "job_result", "id": job.to_string(), "status": "completed", "logs": "mine"}),
    );
    victim.hear_a("ack").await;
    victim.say(json!({"type": "job_result", "id": job.to_string(), "status": "completed", "logs": "again"}));
    assert_eq!(victim.hear().await["message"], "Job not found");
    assert_eq!(hall.kept(job).await.1.logs, "mine");
}

#[tokio::test]
async fn a_host_that_accepts_and_never_runs_loses_the_job_to_one_that_does() {
    let hall = Hall::open().await;
    let (mut idle, _) = hall.aware(&hall.token().await).await;
    let job = hall.submit(1, Job::default()).await;
    idle.take().await;
    let mut good = hall.host(&hall.token().await, v1_info()).await;
    let frame = good.hear_a("job").await;
    assert_eq!(frame["id"], job.to_string());
    idle.hear_a("job_cancel").await;
    let failed: u32 = hall
        .nodes
        .of_wallet(WALLET)
        .iter()
        .map(|view| view.live.failed)
        .sum();
    assert_eq!(failed, 1, "it is held against the idle one");
}
