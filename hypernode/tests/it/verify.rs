//! Stored slots beside another source of them.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use crate::support::{Instance, run, sql, stderr, stdout, test_data, text, wait_for};

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

// I-31.
#[test]
fn what_an_instance_holds_is_what_its_network_says_and_a_row_taken_away_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let instance = Instance::start(&data, &[]);
    let events = "SELECT count() FROM events WHERE slot BETWEEN 4 AND 19";
    wait_for("slot 24", Duration::from_secs(60), || {
        let stored = sql(&data, "SELECT max(slot_hi) FROM ingest_ledger");
        (stored.parse().unwrap_or(0) > 24).then_some(())
    });
    assert_ne!(sql(&data, events), "0");
    let verify = [
        "verify",
        "--json",
        "--from",
        "4",
        "--to",
        "19",
        "--data",
        text(&data),
    ];
    let (code, found, said) = asked(&verify);
    assert_eq!(
        (code, &found["match"]),
        (Some(0), &Value::Bool(true)),
        "{said} {found}"
    );
    assert_eq!(found["blocks"], 16);
    let row = sql(
        &data,
        "SELECT slot, base58Encode(signature) FROM events WHERE slot BETWEEN 4 AND 19 ORDER BY slot, tx_index, outer_ix, inner_ix, ordinal LIMIT 1",
    );
    let (slot, signature) = row.split_once('\t').expect("two columns");
    let delete = format!(
        "ALTER TABLE events DELETE WHERE slot = {slot} AND signature = (SELECT signature FROM events WHERE slot = {slot} \
         AND base58Encode(signature) = '{signature}' LIMIT 1) SETTINGS mutations_sync = 2"
    );
    let deleted = run(&["sql", "--write", "--data", text(&data), &delete]);
    assert!(deleted.status.success(), "{}", stderr(&deleted));
    let (code, found, _) = asked(&verify);
    assert_eq!(code, Some(1));
    let first = &found["differences"][0];
    assert_eq!(
        (&first["table"], &first["kind"]),
        (&Value::from("events"), &Value::from("missing"))
    );
    assert_eq!(
        (
            first["slot"].to_string().as_str(),
            first["signature"].as_str()
        ),
        (slot, Some(signature))
    );
    drop(instance);
}
