//! Each dialect registers, runs jobs, and is paid; a host that goes silent while it works keeps its job.

use std::time::Duration;

use hypernode_dispatch::job::{Rules, State};
use hypernode_dispatch::sessions::SessionsConfig;
use serde_json::json;

use crate::hall::{Hall, has_python};

/// How long a double may take for anything.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doubles_of_every_dialect_register_run_jobs_and_are_paid() {
    if !has_python() {
        return;
    }
    let config = SessionsConfig {
        test_after_ms: Some(500),
        ..SessionsConfig::default()
    };
    let hall = Hall::open(config, Rules::default()).await;
    let doubles = [
        hall.double("v1", &[]).await,
        hall.double("v2", &[]).await,
        hall.double("v3", &[]).await,
        hall.double("v4", &[]).await,
        hall.double("aware", &["--key", "a host of tests", "--heartbeat", "1"])
            .await,
    ];
    let [v1, v2, v3, v4, aware] = &doubles;
    // Its test job comes first: five seconds, and nothing for it.
    for double in &doubles {
        double.has_got("job").await;
    }
    for (number, (name, model)) in (1..).zip([
        ("double-v1", "RTX 4090"),
        ("double-v2", "RTX 3090"),
        ("double-v4", "A100"),
        ("double-aware", "H100"),
    ]) {
        let node = hall.node(name).await;
        let job = hall.submit(number, model, 1).await;
        let State::Completed {
            node: by,
            cost,
            ran_ms,
        } = hall.completed(job, PATIENCE).await
        else {
            panic!("completed");
        };
        assert_eq!(by, node.node.name(), "{name}");
        assert_eq!(
            cost,
            10_000 * ran_ms.div_ceil(1000),
            "{name} asked 10,000 a second"
        );
        let earned = hall.earned(&node).await;
        assert_eq!(
            (earned.credits, earned.cost, earned.operator),
            (1, cost, cost / 100 * 80),
            "{name}"
        );
    }
    // The one that runs nothing did its test and gets nothing that is paid.
    let faker = hall.node("double-v3").await;
    let paid = hall.submit(9, "Quadro P400", 1).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(matches!(hall.state(paid).await, State::Queued { .. }));
    assert_eq!(hall.earned(&faker).await.credits, 0);
    assert_eq!(
        (
            v3.frames("got", "job").len(),
            v3.frames("sent", "jobResult").len()
        ),
        (1, 1)
    );

    for old in [v1, v2] {
        let jobs = old.frames("got", "job");
        assert_eq!(jobs[0]["command"], "sleep 5", "the test job");
        assert_eq!(
            (jobs[1]["command"].clone(), jobs[1]["id"].clone()),
            (json!("sleep 1"), jobs[1]["jobId"].clone())
        );
        assert!(old.frames("got", "error").is_empty(), "{:?}", old.lines());
    }
    assert!(
        v2.frames("sent", "heartbeat")[0]["nodeId"].is_null(),
        "its first heartbeat comes before its id"
    );
    assert!(
        v4.frames("got", "job")[1]["script"]
            .as_str()
            .is_some_and(|script| script.contains("sleep"))
    );
    assert!(v4.frames("sent", "job_result")[1]["executionHash"].is_string());
    assert_eq!(aware.frames("got", "challenge").len(), 1);
    assert!(
        !aware.frames("got", "lease").is_empty(),
        "leases are renewed by heartbeats"
    );
    assert!(aware.frames("got", "job")[1]["manifest"] == "nap");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_on_a_host_that_goes_silent_meanwhile_completes() {
    if !has_python() {
        return;
    }
    // Four times the silence after which a host that runs nothing is closed.
    let config = SessionsConfig {
        test_after_ms: None,
        idle_ms: 1_500,
        ..SessionsConfig::default()
    };
    silent(
        config,
        Rules {
            lease_ms: 1_500,
            ..Rules::default()
        },
        6,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes its minute"]
async fn a_job_of_a_minute_on_a_host_that_goes_silent_meanwhile_completes() {
    if !has_python() {
        return;
    }
    silent(
        SessionsConfig {
            test_after_ms: None,
            ..SessionsConfig::default()
        },
        Rules::default(),
        60,
    )
    .await;
}

async fn silent(config: SessionsConfig, rules: Rules, seconds: i64) {
    let hall = Hall::open(config, rules).await;
    let (_v1, _v2) = (
        hall.double("v1", &[]).await,
        hall.double("v2", &["--heartbeat", "0.5"]).await,
    );
    let patience = PATIENCE + Duration::from_secs(seconds.unsigned_abs());
    for (number, (name, model)) in (1..).zip([("double-v1", "RTX 4090"), ("double-v2", "RTX 3090")])
    {
        let node = hall.node(name).await;
        let job = hall.submit(number, model, seconds).await;
        let State::Completed {
            node: by, ran_ms, ..
        } = hall.completed(job, patience).await
        else {
            panic!("completed");
        };
        assert_eq!(by, node.node.name());
        assert!(ran_ms >= seconds.unsigned_abs() * 1000, "{ran_ms}");
        assert_eq!(hall.earned(&node).await.credits, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_lost_its_connection_comes_back_and_works_on() {
    if !has_python() {
        return;
    }
    let config = SessionsConfig {
        test_after_ms: None,
        ..SessionsConfig::default()
    };
    let hall = Hall::open(config, Rules::default()).await;
    let v2 = hall
        .double("v2", &["--cut-after", "1", "--reconnect", "1"])
        .await;
    let aware = hall
        .double(
            "aware",
            &["--cut-after", "2", "--reconnect", "1", "--heartbeat", "0.5"],
        )
        .await;
    let (old, leased) = (
        hall.node("double-v2").await,
        hall.node("double-aware").await,
    );
    // This one is cut in the middle of its run, resumes its session, and ends it.
    let through = hall.submit(1, "H100", 4).await;
    let State::Completed { node, .. } = hall.completed(through, PATIENCE).await else {
        panic!("completed");
    };
    assert_eq!(node, leased.node.name());
    assert_eq!(aware.frames("got", "job").len(), 1, "it was given once");
    assert!(aware.frames("sent", "register")[1]["resume"].is_string());
    let job = hall.submit(2, "RTX 3090", 1).await;
    hall.completed(job, PATIENCE).await;
    let ids: Vec<_> = v2
        .frames("got", "registered")
        .iter()
        .map(|frame| frame["nodeId"].clone())
        .collect();
    assert!(
        ids.len() >= 2 && ids.iter().all(|id| *id == old.node.id.to_string()),
        "{ids:?}"
    );
    assert_eq!(hall.nodes.len(), 2);
}
