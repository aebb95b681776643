//! Tokens on sockets, and what hosts in the field are told.

use std::time::Duration;

use hypernode_dispatch::job::{Pay, State};
use hypernode_dispatch::sessions::{Close, SessionsConfig};
use hypernode_state::StoreExt;
use hypernode_state::jobs::{JobStates, ListJobs};
use serde_json::{Value, json};

use crate::support::{Hall, Job, WALLET, aware_info, quick, v1_info, v2_info, v3_info};

fn error(message: &str) -> Value {
    json!({"type": "error", "message": message})
}

#[tokio::test]
async fn every_error_has_the_old_servers_words_and_the_socket_stays_open() {
    let hall = Hall::open().await;
    let mut line = hall.line();
    let said = [
        (
            r#"{"type": "register", "hostInfo": {}}"#,
            "Token is required",
        ),
        (
            r#"{"type": "register", "token": "", "hostInfo": {}}"#,
            "Token is required",
        ),
        (
            r#"{"type": "register", "token": "no such token"}"#,
            "Invalid token",
        ),
        (r#"{"type": "dance"}"#, "Unknown message type"),
        ("{}", "Unknown message type"),
        ("null", "Invalid message format"),
        ("{\"type\": ", "Invalid message format"),
        (r#"{"type": "heartbeat", "nodeId": "x"}"#, "Invalid node ID"),
        (
            r#"{"type": "job_result", "id": "x", "status": "completed"}"#,
            "Job not found",
        ),
    ];
    for (frame, message) in said {
        line.say_bytes(frame);
        assert_eq!(line.hear().await, error(message), "{frame}");
    }
    let mut host = hall.host(&hall.token().await, v1_info()).await;
    for frame in [
        json!({"type": "job_result", "id": "x", "status": "completed"}),
        json!({"type": "job_result", "status": "completed"}),
        json!({"type": "job_result", "id": "5a1d7d52-9f5c-4a3a-9a3e-1a5a2a8f7a01", "status": "completed"}),
    ] {
        host.say(frame);
        assert_eq!(host.hear().await, error("Job not found"));
    }
    assert!(line.is_open() && host.is_open());
}

#[tokio::test]
async fn a_token_of_a_live_host_is_used_and_of_a_silent_one_is_that_host_again() {
    let hall = Hall::open().await;
    let token = hall.token().await;
    let mut first = hall.host(&token, v2_info()).await;
    let mut second = hall.line();
    second.say(json!({"type": "register", "token": token, "hostInfo": v2_info()}));
    assert_eq!(second.hear().await, error("Token already used"));
    // The first one is unharmed.
    first.say(json!({"type": "heartbeat", "nodeId": null}));
    assert_eq!(first.hear().await, json!({"type": "ack"}));
    hall.submit(1, Job::default()).await;
    first.hear_a("job").await;
    // Once the first is gone the same token is the same node.
    first.cut();
    tokio::time::sleep(Duration::from_millis(100)).await;
    second.say(json!({"type": "register", "token": token, "hostInfo": v2_info()}));
    second.hear_a("registered").await;
    assert_eq!(hall.nodes.len(), 1);
}

#[tokio::test]
async fn revoked_tokens_end_connections_and_open_none() {
    let hall = Hall::open().await;
    let token = hall.token().await;
    let mut line = hall.host(&token, v1_info()).await;
    hall.nodes.revoke(&token).await.expect("it is there");
    line.say(json!({"type": "heartbeat", "nodeId": null}));
    assert_eq!(line.hear().await, error("Invalid token"));
    assert_eq!(line.ended().await, Close::Revoked);
    let mut again = hall.line();
    again.say(json!({"type": "register", "token": token, "hostInfo": v1_info()}));
    assert_eq!(again.hear().await, error("Invalid token"));
}

#[tokio::test]
async fn a_new_host_is_tested_once_and_earns_nothing_by_it() {
    let config = SessionsConfig {
        test_after_ms: Some(300),
        ..quick()
    };
    let hall = Hall::with(config).await;
    let token = hall.token().await;
    let mut line = hall.host(&token, v1_info()).await;
    let frame = line.hear_a("job").await;
    assert_eq!(frame["command"], "sleep 5");
    line.say(json!({"type": "job_result", "id": frame["id"], "status": "completed", "logs": ""}));
    line.hear_a("ack").await;
    let mine = ListJobs {
        owner: Some(WALLET),
        kind: Some("test".to_owned()),
        node: None,
        states: JobStates::ALL,
        before: None,
        limit: 10,
    };
    let mine = hall.store.ask(mine).await.expect("a page").jobs;
    assert_eq!((mine.len(), json!(mine[0].id)), (1, frame["id"].clone()));
    let view = &hall.nodes.of_wallet(WALLET)[0];
    assert_eq!(hall.nodes.tally(view).await.expect("sums").earned, 0);
    // It is tested once, however often it comes back.
    line.cut();
    let mut again = hall.host(&token, v1_info()).await;
    assert!(again.is_quiet(800).await);
}

#[tokio::test]
async fn a_program_that_runs_nothing_gets_nothing_that_is_paid() {
    let hall = Hall::open().await;
    let mut v3 = hall.host(&hall.token().await, v3_info()).await;
    let job = hall.submit(1, Job::default()).await;
    assert!(v3.is_quiet(300).await);
    assert!(matches!(hall.state(job).await, State::Queued { .. }));
    // Even one that names it, if it is paid.
    let node = hall.nodes.of_wallet(WALLET)[0].node.name();
    let needs = hypernode_dispatch::matching::Needs {
        node: Some(node),
        ..Default::default()
    };
    let named = hall
        .submit(
            2,
            Job {
                needs: needs.clone(),
                retries: 0,
                ..Job::default()
            },
        )
        .await;
    hall.until(named, |state| matches!(state, State::Dead { .. }))
        .await;
    let unpaid = hall
        .submit(
            3,
            Job {
                needs,
                pay: Pay::Nothing,
                ..Job::default()
            },
        )
        .await;
    let frame = v3.hear_a("job").await;
    assert_eq!(frame["jobId"], unpaid.to_string());
    // One that looks like another at first is known by its first result, and is not paid for that either.
    let mut liar = hall.host(&hall.token().await, v2_info()).await;
    let frame = liar.hear_a("job").await;
    assert_eq!(frame["id"], job.to_string());
    liar.say(json!({"type": "jobResult", "jobId": frame["jobId"], "status": "completed", "result": "ok"}));
    liar.hear_a("ack").await;
    assert!(!matches!(hall.state(job).await, State::Completed { .. }));
}

#[tokio::test]
async fn what_ran_on_an_old_host_that_comes_back_goes_to_others_at_once() {
    let hall = Hall::open().await;
    let token = hall.token().await;
    let mut first = hall.host(&token, v2_info()).await;
    let job = hall.submit(1, Job::default()).await;
    first.hear_a("job").await;
    first.cut();
    // It blocks while it runs a job: one that registers runs none.
    let back = hall.host(&token, v2_info()).await;
    let mut other = hall.host(&hall.token().await, v1_info()).await;
    let frame = other.hear_a("job").await;
    assert_eq!(frame["id"], job.to_string());
    drop(back);
}

#[tokio::test]
async fn sockets_that_do_not_register_and_hosts_that_say_nothing_are_closed() {
    let hall = Hall::open().await;
    assert_eq!(hall.line().ended().await, Close::Unregistered);
    let host = hall.host(&hall.token().await, v1_info()).await;
    assert_eq!(host.ended().await, Close::Silent);
    // One that is let in and cannot prove its key is not in either.
    let mut liar = hall.line();
    let key = "11111111111111111111111111111112";
    liar.say(json!({"type": "register", "proto": 1, "key": key, "hostInfo": aware_info()}));
    liar.hear_a("challenge").await;
    assert_eq!(liar.ended().await, Close::Unregistered);
}
