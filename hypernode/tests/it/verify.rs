//! Stored slots beside another source of them.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::support::{FREE_PORTS, Instance, run, sql, stderr, stdout, test_data, text, wait_for};

/// Runs a command of the family, with JSON output.
fn asked(args: &[&str]) -> (Option<i32>, Value, String) {
    let output = run(args);
    let said = stderr(&output);
    let json = serde_json::from_str(&stdout(&output)).unwrap_or_else(|_| panic!("{said}"));
    (output.status.code(), json, said)
}

// I-31.
#[test]
fn a_stream_with_a_hole_beside_one_without_names_the_slot_and_every_signature() {
    let Some(folder) = test_data() else { return };
    let folder = folder.join("validator-stream");
    let idl = folder.join("idl");
    let (holed, whole) = (
        folder.join("kill9.processed.bin.zst"),
        folder.join("kill9.confirmed.bin.zst"),
    );
    let data = tempfile::tempdir().expect("a folder");
    let data = text(data.path());
    let given = ["--idl", text(&idl), "--data", data];
    let mut index = vec!["index", "--recording", text(&holed)];
    index.extend(given);
    assert!(run(&index).status.success());
    let mut verify = vec!["verify", "--json", "--from", "900", "--to", "1200"];
    verify.extend(["--against", text(&whole)]);
    verify.extend(given);
    let (code, found, said) = asked(&verify);
    assert_eq!(code, Some(1), "{said}");
    let rows = found["differences"].as_array().expect("a list");
    assert_eq!(found["differing"], rows.len());
    assert!(
        rows.iter()
            .all(|row| row["slot"] == 1037 && row["kind"] == "missing"),
        "{found}"
    );
    let signatures: BTreeSet<&str> = rows
        .iter()
        .filter_map(|row| row["signature"].as_str())
        .collect();
    assert_eq!(signatures.len(), 7, "{found}");
    assert_eq!(found["not_stored"][0]["to"], 970);
    // The same recording is its own proof.
    verify[7] = text(&holed);
    let (code, found, said) = asked(&verify);
    assert_eq!(
        (code, &found["match"]),
        (Some(0), &Value::Bool(true)),
        "{said} {found}"
    );
    // Nothing in common is no proof of anything.
    (verify[3], verify[5]) = ("1", "9");
    let (code, found, said) = asked(&verify);
    assert_eq!(
        (code, &found["match"]),
        (Some(1), &Value::Bool(false)),
        "{found}"
    );
    assert!(said.contains("nothing could be compared"), "{said}");
}

/// Deletes the rows of `events` of one signature among slots, behind the ledger's back; its slot and signature.
fn delete_one(data: &Path, from: u64, to: u64) -> (u64, String) {
    let first = format!(
        "SELECT slot, base58Encode(signature) FROM events WHERE slot BETWEEN {from} AND {to} \
         ORDER BY slot, tx_index, outer_ix, inner_ix, ordinal LIMIT 1"
    );
    let row = sql(data, &first);
    let (slot, signature) = row.split_once('\t').expect("an event in these slots");
    let delete = format!(
        "ALTER TABLE events DELETE WHERE slot = {slot} AND base58Encode(signature) = '{signature}' \
         SETTINGS mutations_sync = 2"
    );
    let deleted = run(&["sql", "--write", "--data", text(data), &delete]);
    assert!(deleted.status.success(), "{}", stderr(&deleted));
    (slot.parse().expect("a slot"), signature.to_owned())
}

fn stored_to(data: &Path, slot: u64) {
    wait_for("more slots", Duration::from_secs(60), || {
        let stored = sql(data, "SELECT max(slot_hi) FROM ingest_ledger");
        (stored.parse().unwrap_or(0) > slot).then_some(())
    });
}

fn number(data: &Path, query: &str) -> u64 {
    sql(data, query).parse().expect("a number")
}

// I-31, I-28.
#[test]
fn a_row_taken_away_is_named_and_written_again_by_a_running_instance() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let instance = Instance::start(&data, &[]);
    stored_to(&data, 24);
    let range = ["--json", "--from", "4", "--to", "19", "--data", text(&data)];
    let verify: Vec<&str> = ["verify"].into_iter().chain(range).collect();
    let (code, found, said) = asked(&verify);
    assert_eq!(
        (code, &found["match"]),
        (Some(0), &Value::Bool(true)),
        "{said} {found}"
    );
    assert_eq!(found["blocks"], 16);
    let counts = "SELECT (SELECT count() FROM events WHERE slot < 20) + (SELECT count() FROM blocks WHERE slot < 20)";
    let before = number(&data, counts);

    let (slot, signature) = delete_one(&data, 4, 19);
    let (code, found, _) = asked(&verify);
    assert_eq!(code, Some(1));
    let first = &found["differences"][0];
    assert_eq!(
        (&first["table"], &first["kind"]),
        (&Value::from("events"), &Value::from("missing"))
    );
    assert_eq!(
        (&first["slot"], &first["signature"]),
        (&Value::from(slot), &Value::from(signature))
    );

    // Whole ledger rows are taken back: one that had to wait holds more slots.
    let rows = "SELECT 'repair', min(slot_lo), max(slot_hi) FROM ingest_ledger WHERE slot_lo <= 19 AND slot_hi >= 4";
    let rows = sql(&data, rows);
    let repair: Vec<&str> = ["repair"].into_iter().chain(range).collect();
    let (code, done, said) = asked(&repair);
    assert_eq!(
        (code, &done["done"]),
        (Some(0), &Value::Bool(true)),
        "{said} {done}"
    );
    let (code, found, said) = asked(&verify);
    assert_eq!(
        (code, &found["match"]),
        (Some(0), &Value::Bool(true)),
        "{said} {found}"
    );
    assert_eq!(number(&data, counts), before);
    assert_eq!(
        sql(&data, "SELECT reason, slot_lo, slot_hi FROM retractions"),
        rows
    );
    // The chain has gone on meanwhile, and goes on.
    let now = number(&data, "SELECT max(slot_hi) FROM ingest_ledger");
    stored_to(&data, now + 4);
    // What was never stored is not repaired.
    let never = run(&[
        "repair",
        "--from",
        "9000000",
        "--to",
        "9000001",
        "--data",
        text(&data),
    ]);
    assert_eq!(never.status.code(), Some(1));
    assert!(
        stderr(&never).contains("outside of what is stored"),
        "{}",
        stderr(&never)
    );
    drop(instance);
}

// I-31, I-08.
#[test]
fn an_instance_refuses_to_start_over_a_changed_row_and_does_once_it_is_repaired() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let instance = Instance::start(&data, &[]);
    stored_to(&data, 40);
    assert_eq!(instance.stop(), Some(0));
    let end = number(&data, "SELECT max(slot_hi) FROM ingest_ledger");
    let (slot, _) = delete_one(&data, end.saturating_sub(20), end);

    let mut args = vec!["up", "--data", text(&data)];
    args.extend(FREE_PORTS);
    let refused = run(&args);
    assert_eq!(refused.status.code(), Some(1), "{}", stderr(&refused));
    let said = stderr(&refused);
    let command = said
        .split('`')
        .find(|part| part.starts_with("hypernode repair"));
    let command = command.unwrap_or_else(|| panic!("{said}"));
    let words: Vec<&str> = command.split(' ').skip(1).collect();
    assert_eq!((words[0], words[1], words[3]), ("repair", "--from", "--to"));
    let covers = words[2].parse::<u64>().is_ok_and(|from| from <= slot)
        && words[4].parse::<u64>().is_ok_and(|to| slot <= to);
    assert!(covers, "{command} for slot {slot}");
    let mut repair = words;
    repair.extend([
        "--json",
        "--data",
        text(&data),
        "--set",
        "clickhouse.port=0",
    ]);
    let (code, done, said) = asked(&repair);
    assert_eq!(
        (code, &done["done"]),
        (Some(0), &Value::Bool(true)),
        "{said} {done}"
    );
    let mut verify = vec!["verify"];
    verify.extend(repair.iter().skip(1));
    let (code, found, said) = asked(&verify);
    assert_eq!(
        (code, &found["match"]),
        (Some(0), &Value::Bool(true)),
        "{said} {found}"
    );
    let instance = Instance::start(&data, &[]);
    stored_to(&data, end + 4);
    drop(instance);
}
