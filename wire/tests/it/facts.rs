//! What breaks naive servers, as far as frames go. Numbers are those of the list of facts about hosts in the field.

use hypernode_wire::{
    Dialect, FailureKind, FrameError, Inbound, Job, JobLimits, Limits, Manifest, Outbound, Outcome,
    Work,
};
use serde_json::{Value, json};

use crate::support::{frame, heartbeat, host, register, result};

pub(crate) fn test_job() -> Outbound {
    let command = Manifest::test().bind(&Default::default()).unwrap();
    Outbound::Job(Box::new(Job {
        id: "5a1d7d52-9f5c-4a3a-9a3e-1a5a2a8f7a01".into(),
        work: Work::Bound(command),
        fence: 1,
        lease_until_ms: 45_000,
        deadline_ms: 330_000,
        limits: JobLimits::default(),
    }))
}

#[test]
fn fact_2_a_heartbeat_may_come_before_its_node_is_known() {
    for name in ["v2", "v3", "v4"] {
        assert_eq!(heartbeat(&frame(name, "first_heartbeat")).node, None);
    }
    assert_eq!(heartbeat(r#"{"type":"heartbeat"}"#).node, None);
    assert_eq!(heartbeat(r#"{"type":"heartbeat","nodeId":""}"#).node, None);
}

#[test]
fn fact_3_the_same_token_comes_again() {
    let frame = frame("v2", "register");
    assert_eq!(register(&frame).token, register(&frame).token);
    assert!(Dialect::V2.reconnects_with_token());
}

#[test]
fn fact_4_cards_have_two_names_and_three_sizes() {
    let host = host(json!({"gpus": [
        {"name": "A", "memory": "24576 MiB"},
        {"model": "B", "vram": "24GB"},
        {"model": "C", "vram_total": "24 GB"},
        {"name": null, "model": "D", "memory": null, "vram": 24},
        {"name": "", "vram": 24576},
    ]}));
    let names: Vec<_> = host.gpus.iter().map(|gpu| gpu.name.as_str()).collect();
    assert_eq!(names, ["A", "B", "C", "D", "Unknown GPU"]);
    assert!(host.gpus.iter().all(|gpu| gpu.memory_mb == Some(24576)));
}

#[test]
fn fact_5_the_job_has_its_id_under_both_names() {
    for dialect in Dialect::ALL {
        let frame: Value = serde_json::from_str(&test_job().render(dialect).unwrap()).unwrap();
        assert_eq!(
            frame["id"], "5a1d7d52-9f5c-4a3a-9a3e-1a5a2a8f7a01",
            "{dialect}"
        );
        assert_eq!(frame["id"], frame["jobId"], "{dialect}");
        assert!(!frame[dialect.job_id_key()].is_null());
        assert!(!frame[dialect.work_key()].is_null());
    }
}

#[test]
fn fact_5_a_result_may_not_know_its_job() {
    let result_without_id = result(&frame("v3", "completed_without_id"));
    assert_eq!(result_without_id.job, None);
    assert_eq!(result_without_id.outcome, Outcome::Completed);
    assert_eq!(
        result(r#"{"type":"job_result","jobId":"j","status":"completed"}"#)
            .job
            .as_deref(),
        Some("j")
    );
    assert_eq!(
        result(r#"{"type":"jobResult","id":"j","status":"completed"}"#)
            .job
            .as_deref(),
        Some("j")
    );
}

#[test]
fn fact_6_every_status_is_completed_or_failed() {
    let outcome = |status: Value| {
        result(&json!({"type": "job_result", "id": "j", "status": status}).to_string()).outcome
    };
    assert_eq!(outcome(json!("completed")), Outcome::Completed);
    assert_eq!(outcome(json!("Completed")), Outcome::Completed);
    assert_eq!(
        outcome(json!("failed")),
        Outcome::Failed(FailureKind::Failed)
    );
    assert_eq!(
        outcome(json!("timeout")),
        Outcome::Failed(FailureKind::Timeout)
    );
    assert_eq!(outcome(json!("error")), Outcome::Failed(FailureKind::Error));
    for odd in [
        json!(null),
        json!("done"),
        json!(1),
        json!({"a": 1}),
        json!(""),
    ] {
        assert_eq!(outcome(odd), Outcome::Failed(FailureKind::Failed));
    }
}

#[test]
fn fact_7_an_exit_code_speaks_against_completed() {
    for contradiction in [
        r#""exitCode":1"#,
        r#""exitCode":"1""#,
        r#""exit_code":-9"#,
        r#""success":false"#,
    ] {
        let frame =
            format!(r#"{{"type":"job_result","id":"j","status":"completed",{contradiction}}}"#);
        assert_eq!(
            result(&frame).outcome,
            Outcome::Failed(FailureKind::Failed),
            "{frame}"
        );
    }
    let windows = r#"{"type":"job_result","id":"j","status":"failed","exitCode":3221225477}"#;
    assert_eq!(result(windows).exit_code, Some(3_221_225_477));
}

#[test]
fn output_cut_in_the_middle_of_a_character_is_not_lost() {
    for (written, read) in [
        (r"ok \ud83d", "ok \u{fffd}"),
        (r"\udc80ok", "\u{fffd}ok"),
        (r"\ud83d\ud83d\ude00", "\u{fffd}😀"),
        (r"\\ud83d \ud83dx", "\\ud83d \u{fffd}x"),
        (r"\ud83d\n", "\u{fffd}\n"),
    ] {
        let frame =
            format!(r#"{{"type":"job_result","id":"j","status":"completed","logs":"{written}"}}"#);
        assert_eq!(result(&frame).logs.text, read);
    }
}

#[test]
fn logs_are_cut_and_say_so() {
    let limits = Limits {
        logs_bytes: 7,
        ..Limits::default()
    };
    let cut = |logs: Value| {
        let frame = json!({"type": "job_result", "id": "j", "status": "completed", "logs": logs});
        match Inbound::parse(frame.to_string().as_bytes(), &limits) {
            Ok(Inbound::JobResult(result)) => (result.logs.text, result.logs.cut),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(cut(json!("1234567")), ("1234567".into(), false));
    assert_eq!(cut(json!("12345678")), ("1234567".into(), true));
    assert_eq!(cut(json!("12345é7")), ("12345é".into(), true));
    assert_eq!(cut(json!("123456é")), ("123456".into(), true));
    assert_eq!(cut(json!(["a", "b", 3])), ("a\nb\n3".into(), false));
    assert_eq!(cut(json!({"a": 1})), (String::new(), false));
    assert_eq!(cut(json!(null)), (String::new(), false));
}

#[test]
fn a_frame_with_all_of_a_jobs_output_is_refused_only_beyond_the_limit() {
    let frame = json!({"type": "job_result", "id": "j", "status": "completed", "logs": "x".repeat(900 << 10)});
    assert!(result(&frame.to_string()).logs.cut);
    let frame = json!({"type": "job_result", "id": "j", "status": "completed", "logs": "x".repeat(1 << 20)}).to_string();
    let error = Inbound::parse(frame.as_bytes(), &Limits::default()).unwrap_err();
    assert_eq!(
        error,
        FrameError::TooLong {
            bytes: frame.len(),
            most: 1 << 20
        }
    );
}
