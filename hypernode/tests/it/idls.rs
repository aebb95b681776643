//! IDLs that come, change and break while an instance runs.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Instance, run, sql, stderr, stdout, text, wait_for};
use crate::up::{agrees_with_the_chain, no_row_doubled};
use crate::values::{Write, borsh, event, farm, farm_row, zoo, zoo_row};

/// Every type of the format.
const ZOO: &str = include_str!("../../../decoder/tests/it/zoo.idl.json");

const LONG: Duration = Duration::from_secs(180);

/// Address of localnet's program that emits what it is told.
pub(crate) fn probe() -> String {
    let id = hypernode_schemas::localnet::program_id("probe");
    let mut text = [0; five8::BASE58_ENCODED_32_MAX_LEN];
    let length = usize::from(five8::encode_32(&id, &mut text));
    String::from_utf8_lossy(&text[..length]).into_owned()
}

/// An IDL of one event `Pulse` with these fields.
fn pulse(fields: &Value) -> String {
    json!({
        "address": probe(),
        "metadata": {"name": "pulse", "version": "0.1.0", "spec": "0.1.0"},
        "instructions": [],
        "events": [{"name": "Pulse", "discriminator": PULSE}],
        "types": [{"name": "Pulse", "type": {"kind": "struct", "fields": fields}}],
    })
    .to_string()
}

const PULSE: [u8; 2] = [77, 1];

fn drop_in(instance: &Instance, name: &str, idl: &str) {
    let folder = instance.data.join("idl");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join(name), idl).expect("a file");
}

pub(crate) fn indexer(instance: &Instance) -> Value {
    let status = run(&["status", "--json", "--data", text(&instance.data)]);
    let status: Value = serde_json::from_str(&stdout(&status)).expect("JSON only");
    status["roles"]["indexer"].clone()
}

/// Waits until that many changes are in force and rows flow again.
fn taken_up(instance: &Instance, changes: u64) {
    wait_for("the change of IDLs", LONG, || {
        let now = indexer(instance);
        let idls = &now["idls"];
        (idls["refused"].is_null() && idls["changes"] == changes && now["state"] == "running")
            .then_some(())
    });
}

pub(crate) fn emit(data: &Path, event: &str, more: &[&str]) -> String {
    let mut args = vec!["localnet", "emit", event, "--data", text(data)];
    args.extend(more);
    let output = run(&args);
    assert!(output.status.success(), "{}", stderr(&output));
    let shown = stdout(&output);
    let words: Vec<&str> = shown.split_whitespace().collect();
    let [_, slot, signature] = words[..] else {
        panic!("slot and signature expected: {shown}");
    };
    assert!(slot.parse::<u64>().is_ok(), "{shown}");
    signature.to_owned()
}

/// Waits for the rows of a query.
pub(crate) fn rows(instance: &Instance, query: &str, expected: &str) {
    let mut last = String::new();
    let start = std::time::Instant::now();
    while start.elapsed() < LONG {
        last = sql(&instance.data, query);
        if last == expected {
            return;
        }
        std::thread::sleep(Duration::from_millis(300));
    }
    assert_eq!(last, expected, "{query}");
}

fn slot(instance: &Instance) -> u64 {
    let slot = instance.rpc("getSlot", &json!([{"commitment": "processed"}]));
    slot.as_u64().expect("a slot")
}

pub(crate) fn start(folder: &Path, more: &[&str]) -> Instance {
    let data = folder.join("data");
    std::fs::create_dir_all(&data).expect("a folder");
    Instance::start(&data, more)
}

#[test]
fn an_idl_of_every_type_dropped_into_a_running_instance_yields_tables_and_right_rows() {
    let folder = tempfile::tempdir().expect("a folder");
    let instance = start(folder.path(), &[]);
    let declared = "4uQeVj5tqViQh7yWWGStvkEG1Zmhx6uasJtWCJziofM";
    assert!(ZOO.contains(declared));
    drop_in(&instance, "zoo.idl.json", &ZOO.replace(declared, &probe()));
    taken_up(&instance, 1);
    let tables = "SELECT count() FROM system.tables WHERE database = currentDatabase() AND name LIKE 'ev\\\\_zoo\\\\_%'";
    let events = serde_json::from_str::<Value>(ZOO).expect("JSON")["events"]
        .as_array()
        .expect("events")
        .len();
    assert_eq!(sql(&instance.data, tables), (events * 2).to_string());

    emit(&instance.data, &zoo(), &[]);
    emit(&instance.data, &farm(), &["--cpi"]);
    // Too short for its type.
    emit(&instance.data, "0102030405060708ff", &[]);
    rows(&instance, "SELECT count() FROM ev_zoo_Zoo", "1");
    rows(&instance, "SELECT count() FROM ev_zoo_Farm", "1");
    let value = |table: &str| -> Value {
        let query = format!(
            "SELECT * EXCEPT (slot, tx_index, outer_ix, inner_ix, ordinal, signature, block_time) FROM {table} FORMAT JSONEachRow"
        );
        serde_json::from_str(&sql(&instance.data, &query)).expect("JSON")
    };
    assert_eq!(value("ev_zoo_Zoo"), zoo_row());
    assert_eq!(value("ev_zoo_Farm"), farm_row());
    rows(
        &instance,
        "SELECT event, via, success FROM events WHERE label = 'zoo' ORDER BY slot, tx_index",
        "Zoo\tlog\ttrue\nFarm\tcpi\ttrue",
    );
    rows(
        &instance,
        "SELECT label, event, hex(data) FROM dead_letters",
        "zoo\tZoo\t0102030405060708FF",
    );
    assert_eq!(instance.stop(), Some(0));
}

// I-25.
#[test]
fn idls_that_change_or_break_under_way_lose_and_repeat_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    // On a machine that is busy, what is stopped must be found again before the source forgets it.
    let slow = ["--set", "localnet.slot_ms=1000"];
    let instance = start(folder.path(), &slow);
    drop_in(
        &instance,
        "pulse.json",
        &pulse(&json!([{"name": "a", "type": "u64"}])),
    );
    taken_up(&instance, 1);
    let mut sent = Vec::new();
    let mut pulse_of = |values: &[Write<'_>]| {
        sent.push(emit(&instance.data, &event(&PULSE, values), &[]));
    };
    pulse_of(&[&borsh(1_u64)]);

    // Broken: told with file, place and fix, and nothing else changes.
    drop_in(&instance, "broken.idl.json", "{ not json");
    let refused = wait_for("the refusal", LONG, || {
        let now = indexer(&instance);
        now["message"].as_str().map(str::to_owned)
    });
    for word in ["broken.idl.json", "$", "not JSON", "anchor build"] {
        assert!(refused.contains(word), "{refused}");
    }
    pulse_of(&[&borsh(2_u64)]);
    rows(
        &instance,
        "SELECT groupArray(a) FROM (SELECT a FROM ev_pulse_Pulse ORDER BY slot, tx_index)",
        "[1,2]",
    );
    assert_eq!(indexer(&instance)["state"], "running");
    std::fs::remove_file(instance.data.join("idl/broken.idl.json")).expect("a file");
    taken_up(&instance, 1);

    // A later version with one field more: the same table has one column more.
    let compatible = slot(&instance) + 8;
    let fields = json!([{"name": "a", "type": "u64"}, {"name": "b", "type": {"option": "u16"}}]);
    drop_in(
        &instance,
        &format!("pulse@{compatible}.idl.json"),
        &pulse(&fields),
    );
    taken_up(&instance, 2);
    wait_for("the version's slot", LONG, || {
        (slot(&instance) > compatible).then_some(())
    });
    pulse_of(&[&borsh((3_u64, Some(4_u16)))]);
    rows(
        &instance,
        "SELECT groupArray((a, b)) FROM (SELECT a, b FROM ev_pulse_Pulse ORDER BY slot, tx_index)",
        "[(1,NULL),(2,NULL),(3,4)]",
    );

    // One that the table cannot take: a new table beside it.
    let other = slot(&instance) + 8;
    let fields = json!([{"name": "a", "type": "string"}]);
    drop_in(
        &instance,
        &format!("pulse@{other}.idl.json"),
        &pulse(&fields),
    );
    taken_up(&instance, 3);
    wait_for("the version's slot", LONG, || {
        (slot(&instance) > other).then_some(())
    });
    pulse_of(&[&borsh("five")]);
    rows(&instance, "SELECT a FROM ev_pulse_Pulse_v2", "five");
    rows(&instance, "SELECT count() FROM ev_pulse_Pulse", "3");

    // Every event that was sent is there once, and so is everything else that the chain holds.
    sent.sort();
    let found = sql(
        &instance.data,
        "SELECT base58Encode(signature) AS s FROM events WHERE label = 'pulse' ORDER BY s",
    );
    assert_eq!(found.lines().collect::<Vec<_>>(), sent);
    assert_eq!(sql(&instance.data, "SELECT count() FROM dead_letters"), "0");
    agrees_with_the_chain(&instance);
    let data = instance.data.clone();
    assert_eq!(instance.stop(), Some(0));
    no_row_doubled(&data);

    // A start finds the same tables again, and the ledger agrees with them (I-26).
    let again = Instance::start(&data, &slow);
    emit(&data, &event(&PULSE, &[&borsh("six")]), &[]);
    rows(
        &again,
        "SELECT groupArray(a) FROM (SELECT a FROM ev_pulse_Pulse_v2 ORDER BY slot)",
        "['five','six']",
    );
    assert_eq!(again.stop(), Some(0));
    no_row_doubled(&data);
}

#[test]
fn idls_on_chain_are_found_by_command_and_by_configuration() {
    let folder = tempfile::tempdir().expect("a folder");
    let instance = start(folder.path(), &[]);
    let data = instance.data.clone();
    let added = run(&["idl", "add", &probe(), "--data", text(&data)]);
    assert!(added.status.success(), "{}", stderr(&added));
    assert!(
        stdout(&added).contains("ev_probe_Ping"),
        "{}",
        stdout(&added)
    );
    taken_up(&instance, 1);
    let ping = |number: u64| {
        event(
            &[0xaf, 0x12, 0x6b, 0x95, 0x0b, 0x74, 0x1c, 0x44],
            &[&borsh((number, "hello"))],
        )
    };
    emit(&data, &ping(1), &[]);
    rows(
        &instance,
        "SELECT number, text FROM ev_probe_Ping",
        "1\thello",
    );
    // The other convention, of a program that another label has already.
    let registry = run(&["idl", "list", "--json", "--data", text(&data)]);
    let list: Value = serde_json::from_str(&stdout(&registry)).expect("JSON only");
    let of = |label: &str| {
        let list = list.as_array().expect("a list");
        list.iter()
            .find(|one| one["label"] == label)
            .cloned()
            .expect("listed")
    };
    let id = of("node_registry")["program_id"]
        .as_str()
        .expect("an id")
        .to_owned();
    assert_eq!(of("probe")["versions"][0]["events"], 1);
    let twice = run(&["idl", "add", &id, "--label", "twice", "--data", text(&data)]);
    assert_eq!(twice.status.code(), Some(1), "{}", stderr(&twice));
    assert!(stderr(&twice).contains("the same id"), "{}", stderr(&twice));
    let absent = run(&[
        "idl",
        "add",
        "Fg6PaFpoGXkYsidMpWTK6W2BeZ7FEfcYkg476zPFsLnS",
        "--data",
        text(&data),
    ]);
    assert_eq!(absent.status.code(), Some(1));
    assert!(
        stderr(&absent).contains("no IDL on chain"),
        "{}",
        stderr(&absent)
    );
    assert_eq!(instance.stop(), Some(0));

    // By configuration alone; the other table stays.
    std::fs::remove_file(data.join("idl/probe.idl.json")).expect("a file");
    let set = format!("programs.pinger.id={}", probe());
    let again = Instance::start(&data, &["--set", &set]);
    emit(&data, &ping(2), &[]);
    rows(&again, "SELECT number FROM ev_pinger_Ping", "2");
    assert_eq!(sql(&data, "SELECT number FROM ev_probe_Ping"), "1");
    assert!(data.join("idl/pinger.idl.json").is_file());
    assert_eq!(again.stop(), Some(0));
}

#[test]
fn ten_broken_idls_are_told_with_file_path_reason_and_fix() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/broken_idls");
    let output = run(&["idl", "check", "--json", text(&folder)]);
    assert_eq!(output.status.code(), Some(1));
    let list: Value = serde_json::from_str(&stdout(&output)).expect("JSON only");
    let list = list.as_array().expect("a list");
    assert_eq!(list.len(), 10);
    let for_people = run(&["idl", "check", text(&folder)]);
    let shown = stdout(&for_people);
    for broken in list {
        assert_eq!(broken["good"], false);
        assert!(
            shown.contains(broken["file"].as_str().expect("a file")),
            "{shown}"
        );
        let errors = broken["errors"].as_array().expect("errors");
        assert!(!errors.is_empty());
        for error in errors {
            for key in ["path", "reason", "fix"] {
                let text = error[key].as_str().expect("text");
                assert!(!text.is_empty() && shown.contains(text), "{key}: {error}");
            }
            assert!(
                error["path"]
                    .as_str()
                    .is_some_and(|path| path.starts_with('$'))
            );
        }
    }
    let good = folder.join("../../../../schemas/idl/job_receipt.idl.json");
    let good = run(&["idl", "check", text(&good)]);
    assert!(good.status.success(), "{}", stdout(&good));
}

#[test]
fn an_idl_is_added_only_whole_and_never_over_another_unasked() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, file) = (
        folder.path().join("data"),
        folder.path().join("my-own.json"),
    );
    let idl = pulse(&json!([{"name": "a", "type": "u64"}]));
    std::fs::write(&file, &idl).expect("a file");
    let add = |more: &[&str]| {
        let mut args = vec!["idl", "add", text(&file), "--data", text(&data)];
        args.extend(more);
        run(&args)
    };
    let refused = add(&[]);
    assert_eq!(refused.status.code(), Some(1), "{}", stderr(&refused));
    assert!(
        stderr(&refused).contains("--label my_own"),
        "{}",
        stderr(&refused)
    );
    assert!(!data.join("idl").exists());
    assert!(add(&["--label", "own"]).status.success());
    let again = add(&["--label", "own"]);
    assert!(stdout(&again).contains("unchanged"), "{}", stdout(&again));
    std::fs::write(&file, pulse(&json!([{"name": "b", "type": "u8"}]))).expect("a file");
    let other = add(&["--label", "own"]);
    assert_eq!(other.status.code(), Some(2));
    assert!(stderr(&other).contains("--replace"), "{}", stderr(&other));
    assert_eq!(
        std::fs::read_to_string(data.join("idl/own.idl.json")).expect("a file"),
        idl
    );
    assert!(
        add(&["--label", "own", "--from-slot", "9"])
            .status
            .success()
    );
    assert!(data.join("idl/own@9.idl.json").is_file());
    assert!(add(&["--label", "own", "--replace"]).status.success());
    std::fs::write(&file, "{").expect("a file");
    let broken = add(&["--label", "own", "--replace"]);
    assert_eq!(broken.status.code(), Some(1));
    assert_eq!(
        run(&["idl", "add", "nothing.json", "--data", text(&data)])
            .status
            .code(),
        Some(2)
    );
    let list = run(&["idl", "list", "--data", text(&data)]);
    assert!(stdout(&list).contains("from slot 9"), "{}", stdout(&list));
}
