//! A host that speaks HTTP alone, as the node client in the field does: it registers, asks, runs, tells, and is paid.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::access::{Doors, Wallet};
use crate::{job, poll, submit, wanted};

#[tokio::test]
async fn the_node_client_registers_asks_runs_and_is_paid() {
    let doors = Doors::open().await;
    let (owner, submitter) = (Wallet::new(1), Wallet::new(2));
    let session = doors.session(&owner).await;
    let token = doors.host_token(&owner, &session).await;
    // Before its first use the token is no node's.
    assert_eq!(doors.get("/api/jobs/available", Some(&token)).await.0, 404);
    let about = json!({"walletAddress": owner.address(), "gpuModel": "NVIDIA GeForce RTX 4090", "vram": 24,
        "ramTotal": 64000, "capabilities": ["inference"]});
    let (status, told) = doors
        .post("/api/nodes/register", Some(&token), &about)
        .await;
    assert_eq!(status, 201, "{told}");
    let node = told["node"]["nodeId"].clone();
    let (status, told) = doors
        .post("/api/nodes/register", Some(&token), &about)
        .await;
    assert_eq!(
        (status, &told["node"]["nodeId"]),
        (200, &node),
        "the same token is the same node"
    );
    let none = doors
        .get(
            &format!("/api/jobs/available?wallet={}", owner.address()),
            Some(&token),
        )
        .await;
    assert_eq!(none, (200, json!({"success": true, "job": null})));

    let paying = doors.session(&submitter).await;
    let id = submit(&doors, &paying, &wanted(&submitter)).await;
    let given = poll(&doors, &token).await;
    assert_eq!(
        (&given["jobId"], &given["jobType"]),
        (&json!(id), &json!("generic_compute"))
    );
    assert_eq!(
        (&given["command"], &given["input"]),
        (&json!("sleep 5"), &json!({"secret": "of the submitter"}))
    );
    assert_eq!(
        poll(&doors, &token).await["jobId"],
        json!(id),
        "an answer that was lost is given again"
    );
    let running = job(&doors, &id, None).await;
    assert_eq!(
        (&running["status"], &running["assignedNode"]),
        (&json!("running"), &node)
    );
    assert!(running["metrics"]["startTime"].is_string());
    let cancel = doors
        .post(&format!("/api/jobs/{id}/cancel"), Some(&paying), &json!({}))
        .await;
    assert_eq!(
        cancel,
        (
            400,
            json!({"error": "Can only cancel pending or queued jobs"})
        )
    );

    // What takes no time costs nothing.
    tokio::time::sleep(Duration::from_millis(5)).await;
    let path = format!("/api/jobs/{id}/result");
    let result = json!({"nodeId": "current_node_id", "result": {"output": "done"}, "logs": ["one", "two"],
        "metrics": {"tokens": 100, "cost": 1e9, "endTime": "never"}});
    let (status, told) = doors.post(&path, Some(&token), &result).await;
    assert_eq!(
        (status, &told["message"]),
        (200, &json!("Job result submitted successfully")),
        "{told}"
    );
    let done = &told["job"];
    assert_eq!(
        (&done["status"], &done["result"], &done["logs"]),
        (
            &json!("completed"),
            &json!({"output": "done"}),
            &json!(["one", "two"])
        )
    );
    let metrics = &done["metrics"];
    assert_eq!(
        (&metrics["tokens"], &metrics["cost"], &metrics["costRaw"]),
        (&json!(100), &json!(0.01), &json!("10000"))
    );
    assert!(
        metrics["endTime"]
            .as_str()
            .is_some_and(|at| at.ends_with('Z')),
        "ours counts"
    );
    assert!(metrics["duration"].as_u64().is_some_and(|ms| ms >= 5));
    // The first result counts.
    let (status, told) = doors
        .post(&path, Some(&token), &json!({"result": "another"}))
        .await;
    assert_eq!(status, 409);
    assert!(
        told["error"]
            .as_str()
            .is_some_and(|text| text.contains("completed")),
        "{told}"
    );
    assert_eq!(
        job(&doors, &id, Some(&paying)).await["result"],
        json!({"output": "done"})
    );

    // 80 % of what it cost, once.
    let (_, mine) = doors
        .get(&format!("/api/nodes/mine?wallet={}", owner.address()), None)
        .await;
    assert_eq!(mine[0]["earned"], json!(0.008));
    let (_, jobs) = doors
        .get(&format!("/api/jobs/mine?wallet={}", owner.address()), None)
        .await;
    assert_eq!(
        (&jobs[0]["id"], &jobs[0]["status"], &jobs[0]["nodeId"]),
        (&json!(id), &json!("completed"), &node)
    );
    assert_eq!(
        (&jobs[0]["type"], &jobs[0]["duration"]),
        (&json!("generic_compute"), &json!(0))
    );
    let (_, summary) = doors.get("/api/jobs/stats/summary", None).await;
    assert_eq!(
        (
            &summary["stats"]["completed"],
            &summary["stats"]["totalCost"]
        ),
        (&json!(1), &json!(0.01))
    );
}

#[tokio::test]
async fn only_the_node_that_has_a_job_tells_how_it_ended() {
    let doors = Doors::open().await;
    let submitter = Wallet::new(3);
    let paying = doors.session(&submitter).await;
    let (token, node) = doors.node(&Wallet::new(1)).await;
    let (other, other_node) = doors.node(&Wallet::new(2)).await;
    let id = submit(&doors, &paying, &wanted(&submitter)).await;
    assert_eq!(poll(&doors, &token).await["jobId"], json!(id));
    let body = json!({"jobId": id, "nodeId": node, "result": 1, "status": "completed"});
    for path in [
        format!("/api/jobs/{id}/result"),
        format!("/api/jobs/{id}/failure"),
        "/api/jobs/report".to_owned(),
    ] {
        assert_eq!(doors.post(&path, None, &body).await.0, 401, "{path}");
        assert_eq!(
            doors.post(&path, Some(&paying), &body).await.0,
            403,
            "{path}"
        );
        let named = json!({"jobId": id, "nodeId": other_node});
        for (who, body) in [(&other, &body), (&other, &named), (&token, &named)] {
            let (status, told) = doors.post(&path, Some(who), body).await;
            assert_eq!(status, 403, "{path} {told}");
        }
        let (status, told) = doors
            .post(
                &path,
                Some(&token),
                &json!({"jobId": id, "nodeId": node, "fence": 9}),
            )
            .await;
        assert_eq!(status, 409, "{path} {told}");
        assert!(
            told["error"]
                .as_str()
                .is_some_and(|text| text.contains("attempt 1")),
            "{told}"
        );
    }
    let missing = doors
        .post("/api/jobs/report", Some(&token), &json!({"jobId": id}))
        .await;
    assert_eq!(
        missing,
        (400, json!({"error": "jobId and nodeId are required"}))
    );
    let unknown = json!({"jobId": "6d3f5c4b-0b29-4ac1-a1e8-4e02f39c1e9f", "nodeId": node});
    let unknown = doors.post("/api/jobs/report", Some(&token), &unknown).await;
    assert_eq!(unknown, (404, json!({"error": "Job not found"})));
    assert_eq!(job(&doors, &id, None).await["status"], json!("running"));
    // By the module's own route; a status that is not sent is a completion, as ever.
    let report = json!({"jobId": id, "nodeId": node, "logs": "fine", "duration": 5});
    assert_eq!(
        doors.post("/api/jobs/report", Some(&token), &report).await,
        (200, json!({"success": true}))
    );
    let done = job(&doors, &id, Some(&paying)).await;
    assert_eq!(
        (&done["status"], &done["logs"]),
        (&json!("completed"), &json!(["fine"]))
    );
    assert_eq!(
        doors
            .post("/api/jobs/report", Some(&token), &report)
            .await
            .0,
        409,
        "no second credit"
    );
}

#[tokio::test]
async fn what_fails_is_tried_on_another_host() {
    let doors = Doors::open().await;
    let submitter = Wallet::new(3);
    let paying = doors.session(&submitter).await;
    let (first, _) = doors.node(&Wallet::new(1)).await;
    let id = submit(&doors, &paying, &wanted(&submitter)).await;
    poll(&doors, &first).await;
    let (status, told) = doors
        .post(
            &format!("/api/jobs/{id}/failure"),
            Some(&first),
            &json!({"error": "out of memory", "kind": "node"}),
        )
        .await;
    assert_eq!(
        (status, &told["message"], &told["job"]["status"]),
        (200, &json!("Job failure recorded"), &json!("queued")),
        "{told}"
    );
    let (second, node) = doors.node(&Wallet::new(2)).await;
    let given = poll(&doors, &second).await;
    assert_eq!((&given["jobId"], &given["fence"]), (&json!(id), &json!(2)));
    // The first one's answer comes too late.
    assert_eq!(
        doors
            .post(
                &format!("/api/jobs/{id}/result"),
                Some(&first),
                &json!({"result": 1})
            )
            .await
            .0,
        403
    );
    tokio::time::sleep(Duration::from_millis(2)).await;
    let (status, told) = doors
        .post(
            &format!("/api/jobs/{id}/result"),
            Some(&second),
            &json!({"result": 2, "fence": 2}),
        )
        .await;
    assert_eq!(
        (status, &told["job"]["assignedNode"]),
        (200, &json!(node)),
        "{told}"
    );

    let id = submit(&doors, &paying, &wanted(&submitter)).await;
    poll(&doors, &second).await;
    let permanent = json!({"error": "no such model", "kind": "permanent"});
    let (_, told) = doors
        .post(
            &format!("/api/jobs/{id}/failure"),
            Some(&second),
            &permanent,
        )
        .await;
    assert_eq!(told["job"]["status"], json!("failed"), "{told}");
    let seen = job(&doors, &id, Some(&paying)).await;
    assert_eq!(
        (&seen["error"], seen["reason"].is_string()),
        (&json!("no such model"), true)
    );
}

// I-48.
#[tokio::test]
async fn free_jobs_reach_the_submitter_s_own_hosts_and_no_other_unsandboxed_one() {
    let doors = Doors::open().await;
    let (me, other) = (Wallet::new(1), Wallet::new(2));
    let session = doors.session(&me).await;
    let (mine, _) = doors.node(&me).await;
    let (theirs, _) = doors.node(&other).await;
    let free =
        json!({"walletAddress": me.address(), "jobType": "render", "input": {"command": "reboot"}});
    let id = submit(&doors, &session, &free).await;
    let none = doors.get("/api/jobs/available", Some(&theirs)).await;
    assert_eq!(
        (none.0, &none.1["job"]),
        (200, &Value::Null),
        "nothing that a stranger wrote"
    );
    let given = poll(&doors, &mine).await;
    assert_eq!(
        (&given["jobId"], &given["command"]),
        (&json!(id), &Value::Null)
    );
    // A manifest's job may be kept to them, too.
    let mut own = wanted(&me);
    own["requirements"] = json!({"ownHosts": true});
    let own = submit(&doors, &session, &own).await;
    let none = doors.get("/api/jobs/available", Some(&theirs)).await;
    assert_eq!(none.1["job"], Value::Null);
    let done = doors
        .post(&format!("/api/jobs/{id}/result"), Some(&mine), &json!({}))
        .await;
    assert_eq!(done.0, 200, "{}", done.1);
    assert_eq!(poll(&doors, &mine).await["jobId"], json!(own));
}
