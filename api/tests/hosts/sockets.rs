//! What the sockets themselves do.

use std::process::Command;

use hypernode_dispatch::job::Rules;
use hypernode_dispatch::sessions::SessionsConfig;
use serde_json::{Value, json};

use crate::hall::{Hall, has_python, scripts};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sockets_open_at_both_paths_and_end_with_codes_that_say_why() {
    if !has_python() {
        return;
    }
    let config = SessionsConfig {
        unregistered_ms: 1_000,
        ..SessionsConfig::default()
    };
    let hall = Hall::open(config, Rules::default()).await;
    let endpoint = hall.endpoint.clone();
    let probe = tokio::task::spawn_blocking(move || {
        Command::new("python3")
            .arg("-B")
            .arg(scripts().join("probe.py"))
            .arg(endpoint)
            .output()
    });
    let probe = probe.await.expect("no panic").expect("python3");
    assert!(
        probe.status.success(),
        "{}",
        String::from_utf8_lossy(&probe.stderr)
    );
    let out = String::from_utf8(probe.stdout).expect("text");
    let lines: Vec<Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let acks = json!([{"type": "ack"}, {"type": "ack"}]);
    assert_eq!(
        lines[0],
        json!({"path": "/", "answers": acks}),
        "text and binary alike"
    );
    assert_eq!(lines[1], json!({"path": "/ws", "answers": acks}));
    let huge = &lines[2]["huge"];
    assert_eq!(
        huge["heard"],
        json!([{"type": "error", "message": "Invalid message format"}])
    );
    assert_eq!(huge["code"], 1009);
    let unregistered = &lines[3]["unregistered"];
    assert_eq!(
        (&unregistered["heard"], &unregistered["code"]),
        (&json!([]), &json!(1008))
    );
    // Without an upgrade the old page is there, and `/ws` says what it is.
    let http = endpoint_http(&hall.endpoint);
    let answer = reqwest::get(format!("{http}/ws")).await.expect("an answer");
    assert_eq!(answer.status(), 426);
}

fn endpoint_http(endpoint: &str) -> String {
    endpoint.replacen("ws://", "http://", 1)
}
