//! Dispatchers that start anew while sockets stay open, and hubs that do while jobs run.

use hypernode_dispatch::job::State;
use serde_json::json;

use crate::support::{Hall, Job, v1_info, v2_info};

#[tokio::test]
async fn a_socket_outlives_a_dispatcher_that_starts_anew() {
    let hall = Hall::open().await;
    let mut silent = hall.host(&hall.token().await, v1_info()).await;
    let job = hall.submit(1, Job::default()).await;
    silent.hear_a("job").await;
    let (mut aware, _) = hall.aware(&hall.token().await).await;
    let other = hall.submit(2, Job::default()).await;
    let (name, fence) = aware.take().await;
    assert_eq!(name, other.to_string());
    // The disk fails under the first result: the dispatcher ends, starts anew, and is told the result again.
    hall.trip();
    silent.say(
        json!({"type": "job_result", "id": job.to_string(), "status": "completed", "logs": "kept"}),
    );
    assert_eq!(silent.hear_a("ack").await["message"], "Job result received");
    aware.say(json!({"type": "job_result", "id": name, "fence": fence, "status": "completed"}));
    aware.hear_a("ack").await;
    for job in [job, other] {
        assert!(matches!(hall.state(job).await, State::Completed { .. }));
    }
    // Both get work from the new one.
    hall.submit(3, Job::default()).await;
    hall.submit(4, Job::default()).await;
    silent.hear_a("job").await;
    aware.hear_a("offer").await;
}

#[tokio::test]
async fn a_result_that_comes_after_a_restart_of_everything_counts() {
    let mut hall = Hall::open().await;
    let token = hall.token().await;
    let (mut line, registered) = hall.aware(&token).await;
    let job = hall.submit(1, Job::default()).await;
    let (name, fence) = line.take().await;
    line.cut();
    hall.reopen().await;
    // Its session is unknown here; it is let in by its token, and what it runs is its own still.
    let (mut line, again) = hall.aware(&token).await;
    assert_eq!(again["nodeId"], registered["nodeId"]);
    line.say(json!({"type": "heartbeat", "nodeId": again["nodeId"], "running": [{"job": name, "fence": fence}]}));
    assert_eq!(line.hear_a("lease").await["job"], name);
    line.hear_a("ack").await;
    line.say(json!({"type": "job_result", "id": name, "fence": fence, "status": "completed"}));
    line.hear_a("ack").await;
    assert!(matches!(hall.state(job).await, State::Completed { .. }));
}

#[tokio::test]
async fn an_old_host_that_comes_back_after_a_restart_frees_what_it_held() {
    let mut hall = Hall::open().await;
    let token = hall.token().await;
    let mut line = hall.host(&token, v2_info()).await;
    let job = hall.submit(1, Job::default()).await;
    line.hear_a("job").await;
    line.cut();
    hall.reopen().await;
    let _back = hall.host(&token, v2_info()).await;
    let mut other = hall.host(&hall.token().await, v1_info()).await;
    assert_eq!(other.hear_a("job").await["id"], job.to_string());
}
