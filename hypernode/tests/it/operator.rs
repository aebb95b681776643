//! What an operator looks at: top, doctor, metrics, recordings.

use serde_json::Value;

use crate::support::{Instance, block_on, run, sql, stderr, stdout, text, wait_for};

#[test]
fn an_operator_sees_what_runs_and_what_is_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    std::fs::create_dir(&data).expect("a folder");
    let none = run(&["top", "--once", "--data", text(&data)]);
    assert_eq!(none.status.code(), Some(3));

    let instance = Instance::start(&data, &[]);
    wait_for("stored slots", std::time::Duration::from_secs(60), || {
        let slot = sql(&data, "SELECT max(slot_hi) FROM ingest_ledger");
        slot.trim().parse::<u64>().ok().filter(|slot| *slot >= 12)
    });
    top(&instance);
    metrics(&instance);
    healthy(&instance);
    recorded(&instance, folder.path());
    sick(&instance);
}

fn top(instance: &Instance) {
    let frame = run(&["top", "--once", "--data", text(&instance.data)]);
    let shown = stdout(&frame);
    assert_eq!(frame.status.code(), Some(0), "{shown}");
    for part in [
        "localnet (simulated)",
        "confirmed",
        "rows/s",
        &instance.endpoint("geyser"),
    ] {
        assert!(shown.contains(part), "{part}:\n{shown}");
    }
    // No terminal: what to do instead is said.
    let piped = run(&["top", "--data", text(&instance.data)]);
    assert_eq!(piped.status.code(), Some(2));
    assert!(stderr(&piped).contains("--once"));
}

fn metrics(instance: &Instance) {
    let url = format!("{}/metrics", instance.endpoint("api"));
    let (kind, text) = block_on(async {
        let answer = reqwest::get(url).await.expect("an answer");
        let kind = answer.headers()["content-type"].clone();
        (kind, answer.text().await.expect("text"))
    });
    let kind = kind.to_str().expect("text");
    assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
    let value = |name: &str| -> f64 {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("{name}:\n{text}"))
            .trim()
            .parse()
            .expect("a number")
    };
    assert!(value("hypernode_indexer_slot{mark=\"stored\"}") >= 12.0);
    assert!(value("hypernode_indexer_store_seconds_count") >= 3.0);
    assert!(value("hypernode_indexer_slots_total{outcome=\"published\"}") >= 12.0);
    assert_eq!(
        value("hypernode_indexer_invariant_violations_total{invariant=\"I-01,I-02\"}"),
        0.0
    );
}

fn doctor(data: &std::path::Path, more: &[&str]) -> (Option<i32>, Vec<Value>) {
    let mut args = vec!["doctor", "--json", "--data", text(data)];
    args.extend(more);
    let output = run(&args);
    let findings: Vec<Value> = serde_json::from_str(&stdout(&output)).expect("JSON");
    (output.status.code(), findings)
}

fn healthy(instance: &Instance) {
    let (code, findings) = doctor(&instance.data, &[]);
    let wrong: Vec<_> = findings
        .iter()
        .filter(|one| one["verdict"] == "wrong")
        .collect();
    assert_eq!((code, wrong.len()), (Some(0), 0), "{findings:?}");
    for area in ["disk", "clickhouse", "instance", "geyser", "replay", "rpc"] {
        assert!(
            findings.iter().any(|one| one["area"] == area),
            "{area}: {findings:?}"
        );
    }
}

fn sick(instance: &Instance) {
    let nobody = "rpc.url=http://127.0.0.1:9/?key=hunter2";
    let (code, findings) = doctor(&instance.data, &["--set", nobody]);
    let rpc = findings
        .iter()
        .find(|one| one["area"] == "rpc")
        .expect("rpc");
    assert_eq!((code, &rpc["verdict"]), (Some(1), &Value::from("wrong")));
    assert!(rpc["fix"].is_string());
    assert!(!format!("{findings:?}").contains("hunter2"), "I-18");
    // The network behind the stream is another one than the directory's.
    let other = "network.genesis=11111111111111111111111111111112";
    let (code, findings) = doctor(&instance.data, &["--set", other]);
    let rpc = findings
        .iter()
        .find(|one| one["area"] == "rpc")
        .expect("rpc");
    assert_eq!(code, Some(1));
    assert!(
        rpc["fix"]
            .as_str()
            .is_some_and(|fix| fix.contains("another network")),
        "{rpc}"
    );
}

/// What is recorded beside an instance holds the same rows as it does, and is indexed like any recording.
fn recorded(instance: &Instance, folder: &std::path::Path) {
    let file = folder.join("stream.bin.zst");
    let data = text(&instance.data);
    let record = [
        "record",
        "--data",
        data,
        "--to",
        text(&file),
        "--blocks",
        "12",
        "--from-slot",
        "3",
    ];
    let output = run(&record);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(
        stdout(&output).contains("slots 3 to 14, 12 blocks"),
        "{}",
        stdout(&output)
    );
    let again = run(&record);
    assert_eq!(
        again.status.code(),
        Some(2),
        "a recording is never overwritten"
    );
    let verify = run(&[
        "verify",
        "--data",
        data,
        "--from",
        "4",
        "--to",
        "10",
        "--against",
        text(&file),
    ]);
    assert!(
        stdout(&verify).starts_with("MATCH: slots 4 to 10"),
        "{}",
        stdout(&verify)
    );
    let other = folder.join("other");
    let genesis = instance.rpc("getGenesisHash", &Value::Array(Vec::new()));
    let index = run(&[
        "index",
        "--recording",
        text(&file),
        "--data",
        text(&other),
        "--genesis",
        genesis.as_str().expect("a hash"),
        "--report",
        "-",
    ]);
    assert_eq!(index.status.code(), Some(0), "{}", stderr(&index));
    let report: Value = serde_json::from_str(&stdout(&index)).expect("JSON");
    assert!(
        report["transactions"]
            .as_u64()
            .is_some_and(|count| count > 0),
        "{report}"
    );
}
