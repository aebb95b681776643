//! Jobs and nodes over HTTP: shapes, texts and codes of the old servers, and what those left open.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests stand outside any #[test]"
)]

mod any_body;
mod contract;
mod elsewhere;
mod events;
mod hosts;
mod logs;
mod old_jobs;
mod old_matchmaker;
mod old_nodes;
mod privacy;
mod repeat;
mod spending;
#[path = "../support/mod.rs"]
mod support;

use serde_json::{Value, json};

use support::access::{Doors, Wallet};

/// A job that a host of any kind may run.
fn wanted(wallet: &Wallet) -> Value {
    json!({
        "walletAddress": wallet.address(),
        "jobType": "generic_compute",
        "input": {"secret": "of the submitter"},
        "budget": 10,
        "maxDuration": 300,
        "manifest": "test",
    })
}

/// Submits a job; its id.
async fn submit(doors: &Doors, session: &str, body: &Value) -> String {
    let (status, told) = doors.post("/api/jobs", Some(session), body).await;
    assert_eq!(status, 201, "{told}");
    told["job"]["jobId"].as_str().expect("an id").to_owned()
}

/// Asks for a job as the node client does, until there is one.
async fn poll(doors: &Doors, token: &str) -> Value {
    for _ in 0..40 {
        let (status, told) = doors.get("/api/jobs/available", Some(token)).await;
        assert_eq!(status, 200, "{told}");
        if !told["job"].is_null() {
            return told["job"].clone();
        }
    }
    panic!("no job came");
}

async fn job(doors: &Doors, id: &str, token: Option<&str>) -> Value {
    let (status, told) = doors.get(&format!("/api/jobs/{id}"), token).await;
    assert_eq!((status, &told["success"]), (200, &json!(true)), "{told}");
    told["job"].clone()
}
