//! History that no stream brings any more, from RPC.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::support::{Instance, run, sql, stderr, stdout, text, wait_for};
use crate::up::no_row_doubled;

const LONG: Duration = Duration::from_secs(120);

/// The settings under which another directory indexes the same programs.
fn programs(instance: &Instance) -> Vec<String> {
    let list = run(&["idl", "list", "--json", "--data", text(&instance.data)]);
    let list: Value = serde_json::from_str(&stdout(&list)).expect("JSON");
    let one = |program: &Value| {
        let (label, id) = (program["label"].as_str()?, program["program_id"].as_str()?);
        Some(["--set".to_owned(), format!("programs.{label}.id={id}")])
    };
    list.as_array()
        .expect("a list")
        .iter()
        .filter_map(one)
        .flatten()
        .collect()
}

fn backfill(data: &Path, from: u64, to: u64, more: &[&str]) -> (Option<i32>, String) {
    let (from, to) = (from.to_string(), to.to_string());
    let mut args = vec![
        "backfill",
        "--from",
        &from,
        "--to",
        &to,
        "--data",
        text(data),
    ];
    args.extend(more);
    let output = run(&args);
    (output.status.code(), stdout(&output) + &stderr(&output))
}

fn digest(data: &Path, slot: u64) -> Option<String> {
    let slot = slot.to_string();
    let output = run(&["digest", "--slot", &slot, "--data", text(data)]);
    output.status.success().then(|| stdout(&output))
}

#[test]
fn programs_that_are_not_on_the_network_are_named_with_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let live = Instance::start(&folder.path().join("live"), &[]);
    wait_for("a final slot", LONG, || digest(&live.data, 5));
    let (ids, rpc) = (programs(&live), live.endpoint("rpc"));
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let absent = "not on this network";
    // The ids that the IDLs declare are another network's.
    let (code, text) = backfill(&folder.path().join("declared"), 1, 4, &["--rpc", &rpc]);
    assert_eq!(code, Some(0), "{text}");
    for said in [absent, "job_receipt (", "--set programs."] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let named = [&ids[..], &["--rpc", &rpc]].concat();
    let (code, text) = backfill(&folder.path().join("named"), 1, 4, &named);
    assert_eq!(code, Some(0), "{text}");
    assert!(!text.contains(absent), "{text}");

    // An instance that indexes says it, too.
    let data = folder.path().join("indexer");
    std::fs::create_dir(&data).expect("a folder");
    let geyser = live.endpoint("geyser");
    let sources = ["--geyser", &geyser, "--rpc", &rpc];
    let indexing = Instance::start_as("indexer", &data, &sources);
    wait_for("the warning", LONG, || {
        let log = std::fs::read_to_string(data.with_extension("log")).ok()?;
        log.contains(absent).then_some(())
    });
    assert_eq!(indexing.stop(), Some(0));
    assert_eq!(live.stop(), Some(0));
}

// I-06, I-30.
#[test]
fn history_is_filled_in_pieces_and_comes_to_the_same_digest_as_the_stream() {
    let folder = tempfile::tempdir().expect("a folder");
    let live = Instance::start(&folder.path().join("live"), &[]);
    let known = wait_for("a final slot", LONG, || digest(&live.data, 20));
    let (ids, rpc) = (programs(&live), live.endpoint("rpc"));
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let with_rpc = [&ids[..], &["--rpc", &rpc]].concat();

    // A new directory, from its middle on; then what is before; then nothing is left.
    let alone = folder.path().join("alone");
    for (from, to, said) in [
        (13, 24, "slots 13 to 24 were filled: "),
        (1, 24, "slots 1 to 24 were filled: "),
        (1, 24, "nothing to store"),
    ] {
        let (code, text) = backfill(&alone, from, to, &with_rpc);
        assert_eq!(code, Some(0), "{text}");
        assert!(text.contains(said), "{text}");
    }
    assert_eq!(digest(&alone, 20), Some(known.clone()));
    no_row_doubled(&alone);
    let blocks = |data: &Path| {
        sql(
            data,
            "SELECT count(), sum(slot) FROM blocks WHERE slot <= 24",
        )
    };
    assert_eq!(blocks(&alone), blocks(&live.data));

    // Another network's endpoint is refused before anything is written.
    let other = Instance::start(&folder.path().join("other"), &[]);
    let foreign = other.endpoint("rpc");
    let (code, text) = backfill(&alone, 25, 30, &[&ids[..], &["--rpc", &foreign]].concat());
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("genesis hash"), "{text}");
    other.stop();

    // A running instance does it itself.
    let geyser = live.endpoint("geyser");
    let tip = sql(&live.data, "SELECT max(slot_hi) FROM ingest_ledger");
    let late = folder.path().join("late");
    let settings = [
        &ids[..],
        &["--geyser", &geyser, "--rpc", &rpc, "--from-slot", &tip],
    ]
    .concat();
    let running = Instance::start(&late, &settings);
    wait_for("its first rows", LONG, || {
        (sql(&late, "SELECT count() FROM ingest_ledger") != "0").then_some(())
    });
    let first: u64 = sql(&late, "SELECT min(slot_lo) FROM ingest_ledger")
        .parse()
        .expect("a slot");
    let rpc_setting = format!("rpc.url={rpc}");
    let (code, text) = backfill(&late, 1, first - 1, &["--set", &rpc_setting]);
    assert_eq!(code, Some(0), "{text}");
    wait_for("the digest anew", LONG, || {
        digest(&late, 20).filter(|found| *found == known)
    });
    no_row_doubled(&late);
    running.stop();
    live.stop();
}
