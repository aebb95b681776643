//! Who sees what was submitted with a job, and what came of it.

use serde_json::{Value, json};

use crate::support::access::{Doors, Wallet};
use crate::{job, poll, submit, wanted};

fn is_hidden(job: &Value) -> bool {
    let hidden =
        (&job["input"], &job["result"], &job["logs"]) == (&json!({}), &Value::Null, &json!([]));
    let shown = job["input"] == json!({"secret": "of the submitter"})
        && job["result"] == json!({"answer": 42})
        && job["logs"] == json!(["private"]);
    assert!(hidden != shown, "all of it or nothing: {job}");
    hidden
}

// I-41.
#[tokio::test]
async fn input_result_and_logs_are_for_submitter_assigned_host_and_operator() {
    let doors = Doors::open().await;
    let (me, other) = (Wallet::new(1), Wallet::new(2));
    let mine = doors.session(&me).await;
    let theirs = doors.session(&other).await;
    let id = submit(&doors, &mine, &wanted(&me)).await;
    let (host, _) = doors.node(&Wallet::new(3)).await;
    let (idle, _) = doors.node(&Wallet::new(4)).await;
    poll(&doors, &host).await;
    for (token, sees) in [(&host, true), (&idle, false)] {
        let input = &job(&doors, &id, Some(token)).await["input"];
        assert_eq!(*input != json!({}), sees);
    }
    let result = json!({"result": {"answer": 42}, "logs": ["private"], "metrics": {"tokens": 7}});
    let (status, told) = doors
        .post(&format!("/api/jobs/{id}/result"), Some(&host), &result)
        .await;
    assert_eq!(status, 200, "{told}");

    let reads = doors.key(&mine, &["jobs:read"]).await;
    let writes = doors.key(&mine, &["jobs:write"]).await;
    let agent = doors.key(&mine, &["agent", "jobs:read"]).await;
    let stranger = doors.key(&theirs, &["jobs:read", "agent"]).await;
    let data = doors.session_in_role(&Wallet::new(5), "data-team").await;
    let operator = doors.session_in_role(&Wallet::new(6), "operator").await;
    for (who, token, sees) in [
        ("nobody", None, false),
        ("a bad token", Some("hn_live_nonsense"), false),
        ("another wallet", Some(theirs.as_str()), false),
        ("another's agent", Some(&stranger), false),
        ("the data team", Some(&data), false),
        ("another host", Some(&idle), false),
        ("a key for other things", Some(&writes), false),
        ("the submitter", Some(&mine), true),
        ("the submitter's key", Some(&reads), true),
        ("the submitter's agent", Some(&agent), true),
        ("the host that had it", Some(&host), false),
        ("an operator", Some(&operator), true),
    ] {
        let one = job(&doors, &id, token).await;
        assert_eq!(is_hidden(&one), !sees, "{who}");
        assert_eq!(one["metrics"].get("tokens").is_some(), sees, "{who}");
        // What is public is public to all.
        assert_eq!(
            (&one["status"], &one["manifest"]),
            (&json!("completed"), &json!("test"))
        );
        let (_, list) = doors
            .get(&format!("/api/jobs?walletAddress={}", me.address()), token)
            .await;
        assert_eq!(is_hidden(&list["jobs"][0]), !sees, "{who}");
        let text = list.to_string();
        assert_eq!(text.contains("of the submitter"), sees, "{who}");
    }
}

#[tokio::test]
async fn a_host_sees_a_job_only_while_it_has_it() {
    let doors = Doors::open().await;
    let me = Wallet::new(1);
    let mine = doors.session(&me).await;
    let (host, _) = doors.node(&Wallet::new(3)).await;
    let id = submit(&doors, &mine, &wanted(&me)).await;
    assert_eq!(
        job(&doors, &id, Some(&host)).await["input"],
        json!({}),
        "not yet"
    );
    poll(&doors, &host).await;
    assert_ne!(job(&doors, &id, Some(&host)).await["input"], json!({}));
    let failed = doors
        .post(
            &format!("/api/jobs/{id}/failure"),
            Some(&host),
            &json!({"error": "x", "kind": "node"}),
        )
        .await;
    assert_eq!(failed.0, 200);
    assert_eq!(
        job(&doors, &id, Some(&host)).await["input"],
        json!({}),
        "no longer"
    );
}
