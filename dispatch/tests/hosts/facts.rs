//! The seven facts that break naive servers.

use std::time::Duration;

use hypernode_dispatch::job::{Pay, State};
use hypernode_dispatch::nodes::Presence;
use hypernode_state::StoreExt;
use hypernode_state::credits::{Earned, Earner};
use serde_json::json;

use crate::support::{Hall, Job, now, v1_info, v2_info, v3_info, v4_info};

#[tokio::test]
async fn fact_1_a_host_that_says_nothing_while_a_job_runs_is_not_closed_and_counts_as_alive() {
    let hall = Hall::open().await;
    for (number, info) in [(1, v1_info()), (2, v2_info())] {
        let mut line = hall.host(&hall.token().await, info).await;
        let job = hall.submit(number, Job::default()).await;
        let frame = line.hear_a("job").await;
        assert_eq!(frame["id"], job.to_string());
        // Four times the silence after which a host that runs nothing is closed: no frame, no pong.
        let begun = now();
        tokio::time::sleep(Duration::from_millis(6_000)).await;
        assert!(line.is_open(), "closed while its job runs");
        let State::Leased(lease) = hall.state(job).await else {
            panic!("its job was given to another");
        };
        let view = hall.nodes.get(lease.node).expect("known");
        assert!(
            view.live.last_heartbeat > begun,
            "silence at work is a sign of life"
        );
        assert_eq!(view.presence(now()), Presence::Online);
        line.say(json!({"type": "job_result", "id": job.to_string(), "status": "completed", "logs": "done\n"}));
        assert_eq!(line.hear_a("ack").await["message"], "Job result received");
        let (record, kept) = hall.kept(job).await;
        assert!(matches!(record.job.state, State::Completed { cost, .. } if cost > 0));
        assert_eq!(kept.logs, "done\n");
        let by = Earner::Node(lease.node.to_string());
        let earned = hall.store.ask(Earned { by }).await.expect("sums");
        assert_eq!(
            (earned.credits, earned.operator),
            (1, earned.cost / 100 * 80)
        );
        line.cut();
    }
}

#[tokio::test]
async fn fact_2_a_heartbeat_without_a_node_id_does_not_close_the_socket() {
    let hall = Hall::open().await;
    let mut line = hall.line();
    // The second agent's heartbeat starts at once: it may even overtake the register frame.
    line.say(json!({"type": "heartbeat", "nodeId": null, "timestamp": "2026-01-01T00:00:00"}));
    assert_eq!(line.hear().await, json!({"type": "ack"}));
    line.say(json!({"type": "register", "token": hall.token().await, "hostInfo": v2_info()}));
    line.say(json!({"type": "heartbeat", "nodeId": null}));
    let registered = line.hear_a("registered").await;
    assert_eq!(line.hear().await, json!({"type": "ack"}));
    line.say(json!({"type": "heartbeat", "nodeId": registered["nodeId"]}));
    assert_eq!(line.hear().await, json!({"type": "ack"}));
    line.say(json!({"type": "heartbeat", "nodeId": "9f1c2c8e-2f5f-4a35-8f7e-d2f3a0b8f1aa"}));
    assert_eq!(
        line.hear().await,
        json!({"type": "error", "message": "Invalid node ID"})
    );
    assert!(line.is_open());
}

#[tokio::test]
async fn fact_3_a_token_that_reconnects_is_the_same_node() {
    let hall = Hall::open().await;
    let token = hall.token().await;
    let mut nodes = Vec::new();
    for _ in 0..3 {
        let mut line = hall.line();
        line.say(json!({"type": "register", "token": token, "hostInfo": v2_info()}));
        nodes.push(line.hear_a("registered").await["nodeId"].clone());
        line.cut();
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(nodes.iter().all(|node| *node == nodes[0]), "{nodes:?}");
    assert_eq!(hall.nodes.len(), 1);
}

#[tokio::test]
async fn fact_4_gpu_names_and_memory_are_read_under_all_their_names() {
    let hall = Hall::open().await;
    for (info, model, memory) in [
        (v1_info(), "NVIDIA GeForce RTX 4090", 24_564),
        (v2_info(), "NVIDIA GeForce RTX 3090", 24_576),
        (v3_info(), "Unknown GPU", 0),
        (v4_info(), "NVIDIA A100-SXM4-80GB", 81_920),
    ] {
        let mut line = hall.line();
        line.say(json!({"type": "register", "token": hall.token().await, "hostInfo": info}));
        let registered = line.hear_a("registered").await;
        let view = hall
            .nodes
            .find(registered["nodeId"].as_str().expect("text"))
            .expect("known");
        let known = &view.node.about.described;
        assert_eq!((known.gpu_model.as_str(), known.vram_mb), (model, memory));
    }
}

#[tokio::test]
async fn fact_5_job_frames_carry_id_and_job_id_and_results_name_either_or_none() {
    let hall = Hall::open().await;
    let unpaid = || Job {
        pay: Pay::Nothing,
        ..Job::default()
    };
    let mut line = hall.host(&hall.token().await, v2_info()).await;
    let spellings = [
        |id: &str| json!({"type": "job_result", "id": id, "status": "completed", "logs": ""}),
        |id: &str| json!({"type": "jobResult", "jobId": id, "status": "completed", "result": "ok"}),
        |_: &str| json!({"type": "jobResult", "jobId": null, "status": "completed", "result": "ok"}),
    ];
    for (number, result) in (1..).zip(spellings) {
        let mut needs = hypernode_dispatch::matching::Needs::default();
        // The second spelling shows a program that runs nothing: from then on only jobs that name it come.
        let node = hall.nodes.of_wallet(crate::support::WALLET)[0].node.name();
        needs.node = (number > 1).then_some(node);
        let job = hall.submit(number, Job { needs, ..unpaid() }).await;
        let frame = line.hear_a("job").await;
        assert_eq!(
            (&frame["id"], &frame["jobId"]),
            (&json!(job.to_string()), &json!(job.to_string()))
        );
        line.say(result(frame["id"].as_str().expect("text")));
        assert_eq!(line.hear_a("ack").await["message"], "Job result received");
        assert!(matches!(hall.state(job).await, State::Completed { .. }));
    }
}

#[tokio::test]
async fn fact_6_status_words_map_to_completed_and_failed() {
    let hall = Hall::open().await;
    let mut line = hall.host(&hall.token().await, v2_info()).await;
    let words = [
        ("completed", 0, true),
        ("failed", 1, false),
        ("timeout", -9, false),
        ("error", 1, false),
        ("completed", 1, false),
        ("whatever", 0, false),
    ];
    for (number, (status, code, well)) in (1..).zip(words) {
        let job = hall
            .submit(
                number,
                Job {
                    retries: 0,
                    ..Job::default()
                },
            )
            .await;
        let frame = line.hear_a("job").await;
        line.say(json!({"type": "job_result", "id": frame["id"], "status": status, "exitCode": code, "logs": ""}));
        line.hear_a("ack").await;
        let state = hall.state(job).await;
        match well {
            true => assert!(
                matches!(state, State::Completed { .. }),
                "{status}: {state:?}"
            ),
            false => assert!(matches!(state, State::Dead { .. }), "{status}: {state:?}"),
        }
    }
}

#[tokio::test]
async fn fact_7_commands_run_in_a_shell_so_only_manifests_make_them() {
    let hall = Hall::open().await;
    let mut v1 = hall.host(&hall.token().await, v1_info()).await;
    hall.submit(1, Job::default()).await;
    let frame = v1.hear_a("job").await;
    assert_eq!(frame["command"], "sleep 0");
    assert!(!frame.to_string().contains("reboot"), "{frame}");
    v1.say(json!({"type": "job_result", "id": frame["id"], "status": "completed", "logs": ""}));
    v1.hear_a("ack").await;

    // A free job of somebody else goes to no such host, and neither does its owner's own.
    for (number, home) in [(2, crate::support::OWNER), (3, crate::support::WALLET)] {
        let needs = hypernode_dispatch::matching::Needs {
            free: Some(home),
            ..Default::default()
        };
        let job = hall
            .submit(
                number,
                Job {
                    manifest: None,
                    needs,
                    ..Job::default()
                },
            )
            .await;
        assert!(
            v1.is_quiet(300).await,
            "a free job was sent to a host that runs commands in a shell"
        );
        assert!(matches!(hall.state(job).await, State::Queued { .. }));
    }
    let (mut aware, _) = hall.aware(&hall.token().await).await;
    aware.hear_a("offer").await;
}
