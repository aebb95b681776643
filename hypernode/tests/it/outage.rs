//! ClickHouse away while the simulated network goes on (I-32).

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::idls::start;
use crate::support::{Instance, sql, wait_for};

const LONG: Duration = Duration::from_secs(240);
/// Little memory and short slots, so that files are needed soon.
const SETTINGS: [&str; 4] = [
    "--set",
    "indexer.queue_messages=40",
    "--set",
    "localnet.slot_ms=100",
];

fn indexer(instance: &Instance) -> Value {
    instance.get("/internal/status")["roles"]["indexer"].clone()
}

/// The engine's process: the only child of the instance.
fn engine(instance: &Instance) -> String {
    let pid = &instance.run["pid"];
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).expect("a process");
    let children = tasks.map(|task| {
        let file = task.expect("a task").path().join("children");
        std::fs::read_to_string(file).unwrap_or_default()
    });
    let children: String = children.collect();
    let children: Vec<&str> = children.split_whitespace().collect();
    assert_eq!(children.len(), 1, "{children:?}");
    children[0].to_owned()
}

fn signal(pid: &str, name: &str) {
    let status = Command::new("kill").args([name, pid]).status();
    assert!(status.expect("kill runs").success());
}

/// Stops the engine's process until files hold what the network goes on to send.
fn freeze(instance: &Instance) -> String {
    let engine = engine(instance);
    signal(&engine, "-STOP");
    let queue = wait_for("files", LONG, || {
        let queue = indexer(instance)["queue"].clone();
        (queue["wal_messages"].as_u64() > Some(300)).then_some(queue)
    });
    assert_eq!(queue["paused"], false, "{queue}");
    assert!(queue["wal_bytes"].as_u64() > Some(10_000), "{queue}");
    assert!(queue["oldest_seconds"].as_f64() > Some(0.5), "{queue}");
    engine
}

/// Waits until everything that was seen by now is stored, and no file is needed.
fn caught_up(instance: &Instance) -> u64 {
    let seen = indexer(instance)["seen_slot"].as_u64().expect("a slot");
    wait_for("all slots stored", LONG, || {
        let now = indexer(instance);
        let done = now["as_of_slot"].as_u64() > Some(seen) && now["queue"]["wal_bytes"] == 0;
        done.then_some(seen)
    })
}

/// Every block of the chain is stored once, and nothing else is.
fn compare(instance: &Instance, data: &Path, last: u64) {
    let blocks = instance.rpc("getBlocks", &json!([1, last]));
    let chain: Vec<u64> = blocks
        .as_array()
        .expect("blocks")
        .iter()
        .map(|slot| slot.as_u64().expect("a slot"))
        .collect();
    let stored = sql(
        data,
        &format!("SELECT slot FROM blocks WHERE slot <= {last} ORDER BY slot"),
    );
    let stored: Vec<u64> = stored
        .lines()
        .map(|slot| slot.parse().expect("a slot"))
        .collect();
    assert_eq!(stored, chain);
    for (table, place) in [
        ("transactions", "slot, tx_index"),
        ("events", "slot, tx_index, outer_ix, inner_ix, ordinal"),
        ("instructions", "slot, tx_index, outer_ix, inner_ix"),
    ] {
        let query = format!("SELECT count() > 0, count() - uniqExact({place}) FROM {table}");
        assert_eq!(sql(data, &query), "1\t0", "{table}");
    }
    let holes = "SELECT count() FROM (SELECT slot_lo, lagInFrame(slot_hi) OVER (ORDER BY slot_lo) AS before FROM ingest_ledger) \
                 WHERE before != 0 AND slot_lo != before + 1";
    assert_eq!(sql(data, holes), "0");
}

#[test]
fn a_network_that_goes_on_while_clickhouse_is_away_is_stored_whole_when_it_returns() {
    let folder = tempfile::tempdir().expect("a folder");
    let instance = start(folder.path(), &SETTINGS);
    let data = instance.data.clone();
    // Before recovery is done nothing is taken from the source, so that nothing would wait.
    wait_for("stored slots", LONG, || {
        (indexer(&instance)["as_of_slot"].as_u64() > Some(0)).then_some(())
    });
    let engine = freeze(&instance);
    signal(&engine, "-CONT");
    let last = caught_up(&instance);
    compare(&instance, &data, last);

    // Killed while files hold what ClickHouse never saw.
    freeze(&instance);
    instance.kill();
    let files = std::fs::read_dir(data.join("wal"))
        .expect("a folder")
        .count();
    assert!(files > 0);
    let instance = start(folder.path(), &SETTINGS);
    wait_for("a slot", LONG, || {
        (indexer(&instance)["seen_slot"].as_u64() > Some(last)).then_some(())
    });
    let last = caught_up(&instance);
    compare(&instance, &data, last);
    assert_eq!(instance.stop(), Some(0));
}
