//! Accounts of a running network: by stream, by snapshot, over a restart, and closed ones.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use hypernode_localnet::svm::{genesis, instructions as ix};
use serde_json::{Value, json};
use solana_sdk::{
    instruction::Instruction, message::Message, signature::Keypair, signer::Signer as _,
    transaction::Transaction,
};

use crate::support::{Instance, run, sql, stdout, text, wait_for};

/// What the chain itself says of a node account: (node_id, location, status, stake, last heartbeat).
type Node = (String, String, String, u64, i64);

/// The indexer's part of `hypernode status`, about accounts.
fn accounts_status(data: &Path) -> Value {
    let status = run(&["status", "--json", "--data", text(data)]);
    let status: Value = serde_json::from_str(&stdout(&status)).expect("JSON only");
    status["roles"]["indexer"]["accounts"].clone()
}

/// Has the chain execute an instruction.
pub(crate) fn send(instance: &Instance, owner: &Keypair, instruction: Instruction) {
    let latest = instance.rpc("getLatestBlockhash", &json!([]));
    let hash = latest["value"]["blockhash"].as_str().expect("a blockhash");
    let hash = hash.parse().expect("a blockhash");
    let message = Message::new_with_blockhash(&[instruction], Some(&owner.pubkey()), &hash);
    let signed = Transaction::new(&[owner], message, hash);
    let bytes = base64_simd::STANDARD.encode_to_string(bincode::serialize(&signed).expect("bytes"));
    instance.rpc("sendTransaction", &json!([bytes, {"encoding": "base64"}]));
}

/// Node accounts by address, taken apart by hand: not by the code under test.
fn on_chain(instance: &Instance) -> BTreeMap<String, Node> {
    let program = instance.get("/api/metrics/validation")["validation"]["blockchain"]["programIds"]
        ["nodeRegistry"]
        .clone();
    let config = json!({"encoding": "base64", "commitment": "confirmed"});
    let accounts = instance.rpc("getProgramAccounts", &json!([program, config]));
    let node = |entry: &Value| {
        let data = entry["account"]["data"][0].as_str().expect("data");
        let data = base64_simd::STANDARD.decode_to_vec(data).expect("base64");
        assert_eq!(data[..8], [0x7d, 0xa6, 0x12, 0x92, 0xc3, 0x7f, 0x56, 0xdc]);
        let mut at = 8 + 32;
        let mut string = || {
            let length = u32::from_le_bytes(data[at..at + 4].try_into().expect("4 bytes")) as usize;
            let start = at + 4;
            at = start + length;
            String::from_utf8(data[start..at].to_vec()).expect("text")
        };
        let (id, _specs, location) = (string(), string(), string());
        let word = |at: usize| u64::from_le_bytes(data[at..at + 8].try_into().expect("8 bytes"));
        let status = ["online", "offline", "suspended"][usize::from(data[at + 16])];
        let (beat, stake) = (word(at + 8) as i64, word(at + 17));
        let address = entry["pubkey"].as_str().expect("address").to_owned();
        (address, (id, location, status.to_owned(), stake, beat))
    };
    accounts
        .as_array()
        .expect("accounts")
        .iter()
        .map(node)
        .collect()
}

/// The same, from the people's view.
fn in_tables(data: &Path) -> BTreeMap<String, Node> {
    let query = "SELECT pubkey, node_id, location, status, stake, toUnixTimestamp(last_heartbeat) \
                 FROM node_accounts WHERE NOT closed";
    let row = |line: &str| {
        let mut parts = line.split('\t').map(str::to_owned);
        let mut next = || parts.next().expect("a column");
        let key = next();
        let texts = (next(), next(), next());
        let numbers = (
            next().parse().expect("stake"),
            next().parse().expect("time"),
        );
        (key, (texts.0, texts.1, texts.2, numbers.0, numbers.1))
    };
    sql(data, query).lines().map(row).collect()
}

/// What is stated of a program's slots: (kind, first, last, reason). Of every slot there is one statement (I-24).
fn stated(data: &Path, label: &str) -> Vec<(String, u64, u64, String)> {
    let query = format!(
        "SELECT kind, reason, slot_from, slot_to FROM account_coverage FINAL \
         WHERE label = '{label}' AND kind != 'snapshot' ORDER BY slot_from"
    );
    let text = sql(data, &query);
    let rows = text.lines().map(|line| {
        let mut parts = line.split('\t');
        let mut next = || parts.next().expect("a column").to_owned();
        let (kind, reason) = (next(), next());
        let number = |text: String| text.parse::<u64>().expect("a slot");
        (kind, number(next()), number(next()), reason)
    });
    let rows: Vec<_> = rows.collect();
    let mut next = 0;
    for (_, from, to, _) in &rows {
        assert!(*from == next && from <= to, "hole or overlap: {rows:?}");
        next = to + 1;
    }
    rows
}

#[test]
fn node_accounts_are_the_chains_own_and_a_restart_says_what_it_did_not_see() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    std::fs::create_dir(&data).expect("a folder");

    let first = Instance::start(&data, &["--set", "localnet.rate=10"]);
    wait_for("a snapshot", Duration::from_secs(90), || {
        (accounts_status(&data)["snapshot_slot"].as_u64()? > 0).then_some(())
    });
    // Owners do what only accounts show: the program tells neither stake nor location by an event.
    let owner = genesis::faucet();
    let key = owner.pubkey();
    let [stays, leaves] = ["it-stays", "it-leaves"].map(|name| {
        send(
            &first,
            &owner,
            ix::register_node(&key, name, "specs", "moon"),
        );
        ix::node_address(&key, name).expect("an address")
    });
    let seen = |name: &str, wanted: &str| {
        let query =
            format!("SELECT status, stake, location FROM node_accounts WHERE node_id = '{name}'");
        wait_for(wanted, Duration::from_secs(60), || {
            (sql(&data, &query) == wanted).then_some(())
        });
    };
    seen("it-stays", "online\t0\tmoon");
    send(
        &first,
        &owner,
        ix::stake_for_node(&stays, &key, 7_000_000_000),
    );
    seen("it-stays", "online\t7000000000\tmoon");
    send(
        &first,
        &owner,
        ix::update_node_status(&stays, &key, ix::NodeStatus::Suspended),
    );
    seen("it-stays", "suspended\t7000000000\tmoon");
    // No filter by owner shows a closing: the instruction makes the indexer ask.
    send(&first, &owner, ix::deregister_node(&leaves, &key));
    seen("it-leaves", "closed\t0\tmoon");
    let status = wait_for("the closing in status", Duration::from_secs(30), || {
        let status = accounts_status(&data);
        (status["closed"].as_u64()? > 0).then_some(status)
    });
    assert_eq!(status["closed"], 1);
    assert!(status["seen"].as_u64().expect("a count") > 5);
    assert_eq!(
        (&status["dropped"], &status["message"]),
        (&json!(0), &Value::Null)
    );
    assert_eq!(first.stop(), Some(0));
    let snapshots = "SELECT countDistinct(slot_from) FROM account_coverage WHERE kind = 'snapshot' AND label = 'node_registry'";
    let before: u64 = sql(&data, snapshots).parse().expect("a count");
    let observed = "SELECT max(slot_to) FROM account_coverage FINAL WHERE kind = 'observed' AND label = 'node_registry'";
    let observed: u64 = sql(&data, observed).parse().expect("a slot");

    // I-24: another start takes another snapshot and records the slots between. Nothing happens on the chain now.
    let second = Instance::start(&data, &["--set", "localnet.rate=0"]);
    wait_for("a snapshot", Duration::from_secs(60), || {
        (accounts_status(&data)["snapshot_slot"].as_u64()? > observed).then_some(())
    });
    let now: u64 = sql(&data, snapshots).parse().expect("a count");
    assert_eq!(now, before + 1);
    wait_for("more slots", Duration::from_secs(60), || {
        (stated(&data, "node_registry").len() == 4).then_some(())
    });
    let rows = stated(&data, "node_registry");
    let kinds: Vec<(&str, &str)> = rows.iter().map(|row| (&*row.0, &*row.3)).collect();
    let wanted = [
        ("unobserved", "before the first snapshot"),
        ("observed", ""),
        ("unobserved", "start"),
        ("observed", ""),
    ];
    assert_eq!(kinds, wanted);
    assert_eq!(rows[1].2, observed);

    let chain = on_chain(&second);
    assert!(!chain.is_empty());
    assert_eq!(in_tables(&data), chain);
    let closed = sql(
        &data,
        "SELECT pubkey, status FROM node_accounts WHERE closed",
    );
    for line in closed.lines() {
        let (address, status) = line.split_once('\t').expect("two columns");
        assert!(!chain.contains_key(address) && status == "closed", "{line}");
    }
    assert!(!closed.is_empty());
    // I-23: every version has a typed row or a reason, and most came by the stream.
    let lost = sql(
        &data,
        "SELECT count() FROM account_versions WHERE label = 'node_registry' AND NOT closed AND reason = '' \
         AND (pubkey, slot, write_version) NOT IN (SELECT pubkey, slot, write_version FROM acc_node_registry_NodeAccount)",
    );
    assert_eq!(lost, "0");
    let sources = sql(
        &data,
        "SELECT countIf(source = 'stream') > 5, countIf(source = 'stream') > countIf(source = 'snapshot' AND NOT closed), \
         countIf(reason != '' AND label = 'node_registry') FROM account_versions",
    );
    assert_eq!(sources, "1\t1\t0");
    // Other programs' accounts have their own typed tables, and the people's view joins what only accounts hold.
    let jobs = sql(&data, "SELECT count() > 0 FROM acc_job_receipt_JobAccount");
    assert_eq!(jobs, "1");
    let joined = sql(
        &data,
        "SELECT count() FROM nodes_with_accounts WHERE registered AND NOT account_closed AND stake > 0 AND location != ''",
    );
    let staked = chain.values().filter(|node| node.3 > 0).count();
    assert_eq!(joined, staked.to_string());
    assert_eq!(second.stop(), Some(0));
}

#[test]
fn a_change_of_idls_leaves_no_slot_of_the_other_programs_unobserved() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    std::fs::create_dir(&data).expect("a folder");
    let instance = Instance::start(&data, &[]);
    let long = Duration::from_secs(90);
    wait_for("observed slots", long, || {
        let last = stated(&data, "node_registry").pop()?;
        (last.0 == "observed").then_some(())
    });
    let idl = r#"{"version": "0.1.0", "name": "late", "instructions": [],
        "accounts": [{"name": "Thing", "type": {"kind": "struct", "fields": [{"name": "a", "type": "u64"}]}}]}"#;
    let mut idl: Value = serde_json::from_str(idl).expect("JSON");
    idl["metadata"] = json!({"address": crate::idls::probe()});
    let folder = data.join("idl");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("late.idl.json"), idl.to_string()).expect("a file");
    wait_for("observed slots after the change", long, || {
        let last = stated(&data, "late").pop()?;
        (last.0 == "observed").then_some(())
    });
    assert_eq!(instance.stop(), Some(0));
    for label in ["node_registry", "job_receipt"] {
        let rows = stated(&data, label);
        let kinds: Vec<&str> = rows.iter().map(|row| &*row.0).collect();
        assert_eq!(kinds, ["unobserved", "observed"], "{label}: {rows:?}");
        assert!(rows[1].2 > stated(&data, "late")[1].1, "{label}: {rows:?}");
    }
}

#[test]
fn accounts_can_be_left_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    std::fs::create_dir(&data).expect("a folder");
    let instance = Instance::start(&data, &["--set", "accounts.enabled=false"]);
    wait_for("some slots", Duration::from_secs(60), || {
        (instance.get("/api/metrics")["as_of_slot"].as_u64()? > 8).then_some(())
    });
    assert_eq!(sql(&data, "SELECT count() FROM account_versions"), "0");
    assert_eq!(instance.stop(), Some(0));
    let wrong = run(&[
        "up",
        "--data",
        text(&data),
        "--set",
        "programs.node_registry.account_layout=third",
    ]);
    assert_eq!(wrong.status.code(), Some(2));
    let why = crate::support::stderr(&wrong);
    assert!(why.contains("auto or one of: first, second"), "{why}");
}
