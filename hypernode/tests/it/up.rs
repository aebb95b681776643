//! `hypernode up` as it is met by whoever starts it for the first time.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Instance, hypernode, run, sql, stdout, text, wait_for};

/// A validation answer with receipts.
fn receipts(instance: &Instance) -> Value {
    wait_for("a first receipt", Duration::from_secs(60), || {
        let answer = instance.get("/api/metrics/validation?limit=500");
        let found = answer["validation"]["recentReceipts"]
            .as_array()
            .is_some_and(|list| !list.is_empty());
        found.then_some(answer)
    })
}

fn signatures(answer: &Value) -> Vec<String> {
    let list = answer["validation"]["recentReceipts"]
        .as_array()
        .expect("receipts");
    list.iter()
        .map(|receipt| {
            receipt["txSignature"]
                .as_str()
                .expect("a signature")
                .to_owned()
        })
        .collect()
}

#[test]
fn receipts_are_transactions_that_the_chain_executed_and_a_restart_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    std::fs::create_dir(&data).expect("a folder");

    let first = Instance::start(&data, &[]);
    let answer = receipts(&first);
    assert!(answer["as_of_slot"].as_u64().expect("a slot") > 0);
    assert_eq!(
        answer["validation"]["blockchain"]["network"],
        "localnet (simulated)"
    );
    for signature in signatures(&answer) {
        // I-19: every receipt is an executed, successful transaction of the chain.
        let found = first.rpc(
            "getTransaction",
            &json!([signature, {"maxSupportedTransactionVersion": 0, "commitment": "confirmed"}]),
        );
        assert!(found["meta"]["err"].is_null(), "{found}");
        let logs = found["meta"]["logMessages"].to_string();
        assert!(logs.contains("Program data: "), "{logs}");
    }
    let status = run(&["status", "--json", "--data", text(&data)]);
    assert_eq!(status.status.code(), Some(0));
    let status: Value = serde_json::from_str(&stdout(&status)).expect("JSON only");
    assert_eq!(status["network"], "localnet (simulated)");
    assert_eq!(status["roles"]["indexer"]["state"], "running");
    assert_eq!(status["endpoints"]["api"], first.run["endpoints"]["api"]);
    the_readme_reads_the_credential_file(&data);
    a_server_is_read_only_without_the_flag(&data);
    let before = first.get("/api/metrics");
    let slot_before = before["as_of_slot"].as_u64().expect("a slot");
    assert_eq!(first.stop(), Some(0));

    // I-20 and I-06: the chain goes on, and nothing is stored twice.
    let second = Instance::start(&data, &[]);
    let after = wait_for("new slots", Duration::from_secs(60), || {
        let answer = second.get("/api/metrics");
        (answer["as_of_slot"].as_u64()? > slot_before + 8).then_some(answer)
    });
    let jobs = |answer: &Value| {
        answer["metrics"]["network"]["totalJobs"]
            .as_u64()
            .expect("a count")
    };
    assert!(jobs(&after) >= jobs(&before));
    // What the first instance stored while it stopped is served before the second one has its stream.
    wait_for("a running indexer", Duration::from_secs(60), || {
        let status = run(&["status", "--json", "--data", text(&data)]);
        let status: Value = serde_json::from_str(&stdout(&status)).expect("JSON only");
        (status["roles"]["indexer"]["state"] == "running").then_some(())
    });
    agrees_with_the_chain(&second);
    assert_eq!(second.stop(), Some(0));
    no_row_doubled(&data);
}

#[test]
fn a_killed_instance_loses_and_doubles_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    std::fs::create_dir(&data).expect("a folder");
    let mut last = 0;
    for _ in 0..3 {
        let instance = Instance::start(&data, &["--set", "localnet.rate=60"]);
        last = wait_for("new slots", Duration::from_secs(60), || {
            let slot = instance.get("/api/metrics")["as_of_slot"].as_u64()?;
            (slot > last + 6).then_some(slot)
        });
        instance.kill();
    }
    let instance = Instance::start(&data, &[]);
    wait_for("new slots", Duration::from_secs(60), || {
        (instance.get("/api/metrics")["as_of_slot"].as_u64()? > last + 6).then_some(())
    });
    agrees_with_the_chain(&instance);
    assert_eq!(instance.stop(), Some(0));
    no_row_doubled(&data);
}

/// The keys that the README's example takes from the credential file are those that it has.
fn the_readme_reads_the_credential_file(data: &std::path::Path) {
    let text = std::fs::read_to_string(data.join("clickhouse.credentials")).expect("credentials");
    let file: Value = serde_json::from_str(&text).expect("JSON");
    let readme = include_str!("../../../README.md");
    let keys: Vec<&str> = readme
        .split("c[\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert!(keys.len() >= 2, "{keys:?}");
    for key in keys {
        assert!(file[key].is_string(), "the README reads {key:?}");
    }
}

/// `sql --url` with a user that may write changes nothing without `--write`.
fn a_server_is_read_only_without_the_flag(data: &std::path::Path) {
    let text = std::fs::read_to_string(data.join("clickhouse.credentials")).expect("credentials");
    let file: Value = serde_json::from_str(&text).expect("JSON");
    let sql = |query: &str, write: &[&str]| {
        let user = format!("clickhouse.user={}", file["user"].as_str().expect("a user"));
        let database = format!(
            "clickhouse.database={}",
            file["database"].as_str().expect("a name")
        );
        let mut command = hypernode(&["sql", "--url", file["url"].as_str().expect("a URL")]);
        command
            .args(["--format", "TSV", "--set", &user, "--set", &database])
            .args(write)
            .arg(query);
        command.env(
            "HYPERNODE__CLICKHOUSE__PASSWORD",
            file["password"].as_str().expect("a password"),
        );
        command.output().expect("the binary runs")
    };
    let create = "CREATE TABLE flag (x UInt8) ENGINE = Memory";
    assert_eq!(stdout(&sql("SELECT count() > 0 FROM blocks", &[])), "1\n");
    assert_eq!(sql(create, &[]).status.code(), Some(1));
    assert_eq!(stdout(&sql("EXISTS TABLE flag", &[])), "0\n");
    assert!(sql(create, &["--write"]).status.success());
    assert!(sql("DROP TABLE flag", &["--write"]).status.success());
}

/// Every job that the chain's accounts or blocks know up to the served slot is in the tables, and no other.
pub(crate) fn agrees_with_the_chain(instance: &Instance) {
    let served = instance.get("/api/metrics")["as_of_slot"]
        .as_u64()
        .expect("a slot");
    let slots = instance.rpc(
        "getBlocks",
        &json!([1, served, {"commitment": "confirmed"}]),
    );
    let mut on_chain = HashSet::new();
    let program = program_id(instance);
    for slot in slots.as_array().expect("slots") {
        let config = json!({"encoding": "json", "transactionDetails": "full", "maxSupportedTransactionVersion": 0, "rewards": false, "commitment": "confirmed"});
        let block = instance.rpc("getBlock", &json!([slot, config]));
        for transaction in block["transactions"].as_array().expect("transactions") {
            let keys = transaction["transaction"]["message"]["accountKeys"]
                .as_array()
                .expect("keys")
                .iter();
            let loaded = ["writable", "readonly"].map(|kind| {
                transaction["meta"]["loadedAddresses"][kind]
                    .as_array()
                    .cloned()
                    .unwrap_or_default()
            });
            let all: Vec<Value> = keys.cloned().chain(loaded.into_iter().flatten()).collect();
            if all.contains(&program) {
                on_chain.insert(
                    transaction["transaction"]["signatures"][0]
                        .as_str()
                        .expect("a signature")
                        .to_owned(),
                );
            }
        }
    }
    let query = format!(
        "SELECT base58Encode(signature) FROM transactions WHERE slot <= {served} AND signature IN (SELECT signature FROM transactions) \
         AND (signature IN (SELECT signature FROM events WHERE label = 'job_receipt'))"
    );
    let stored: HashSet<String> = sql(&instance.data, &query)
        .lines()
        .map(str::to_owned)
        .collect();
    let strangers: Vec<&String> = stored.difference(&on_chain).collect();
    assert!(
        strangers.is_empty(),
        "stored and not on the chain: {strangers:?}"
    );
    let query = format!("SELECT base58Encode(signature) FROM transactions WHERE slot <= {served}");
    let kept: HashSet<String> = sql(&instance.data, &query)
        .lines()
        .map(str::to_owned)
        .collect();
    let lost: Vec<&String> = on_chain.difference(&kept).collect();
    assert!(lost.is_empty(), "on the chain and not stored: {lost:?}");
    assert!(!on_chain.is_empty());
}

fn program_id(instance: &Instance) -> Value {
    instance.get("/api/metrics/validation")["validation"]["blockchain"]["programIds"]["jobReceipt"]
        .clone()
}

pub(crate) fn no_row_doubled(data: &std::path::Path) {
    let doubled = sql(
        data,
        "SELECT (SELECT count() - uniqExact(slot, tx_index) FROM transactions), \
         (SELECT count() - uniqExact(slot, tx_index, outer_ix, inner_ix, ordinal) FROM events), \
         (SELECT count() - uniqExact(slot) FROM blocks)",
    );
    assert_eq!(doubled, "0\t0\t0");
}
