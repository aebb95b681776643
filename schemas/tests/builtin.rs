//! The built-in IDLs and the canonical map against the programs' documented facts and each other.

#![allow(clippy::unwrap_used, clippy::panic)] // clippy.toml spares only #[test] functions, not their helpers

use hypernode_schemas::{canonical, idl};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// (label, section, name, discriminator in hex) as the programs' documentation states them.
const DISCRIMINATORS: &[(&str, &str, &str, &str)] = &[
    (
        "node_registry",
        "event",
        "NodeRegistered",
        "0f39b73b5d379dc3",
    ),
    (
        "node_registry",
        "event",
        "NodeStatusUpdated",
        "1e2f8ed280907173",
    ),
    (
        "node_registry",
        "event",
        "NodeDeregistered",
        "0d0a002f23983408",
    ),
    (
        "node_registry",
        "account",
        "NodeAccount",
        "7da61292c37f56dc",
    ),
    (
        "node_registry",
        "global",
        "register_node",
        "66557572c2bcd3a8",
    ),
    (
        "node_registry",
        "global",
        "update_node_status",
        "592d1afcc19e7518",
    ),
    (
        "node_registry",
        "global",
        "stake_for_node",
        "8f4b9762b89628fa",
    ),
    ("node_registry", "global", "heartbeat", "ca683806f0aa3f86"),
    (
        "node_registry",
        "global",
        "deregister_node",
        "5cb15d1e45b12eb1",
    ),
    (
        "node_registry",
        "global",
        "increment_jobs_completed",
        "3a384998b9a887a3",
    ),
    (
        "node_registry",
        "global",
        "add_earnings",
        "21ee333d862c2a6f",
    ),
    (
        "job_receipt",
        "event",
        "JobCreatedEvent",
        "1910bd9884d7a274",
    ),
    (
        "job_receipt",
        "event",
        "JobAssignedEvent",
        "d49a1e763e4df403",
    ),
    (
        "job_receipt",
        "event",
        "JobCompletedEvent",
        "78006a49dd7a332b",
    ),
    (
        "job_receipt",
        "event",
        "JobCancelledEvent",
        "b17c26379c87b8f7",
    ),
    (
        "job_receipt",
        "event",
        "PaymentDistributedEvent",
        "9b1973aae6f1328e",
    ),
    ("job_receipt", "account", "JobAccount", "5b10a2052dd27d41"),
    ("job_receipt", "global", "create_job", "b282d96e641b5277"),
    ("job_receipt", "global", "assign_job", "25eb690dc43af80a"),
    ("job_receipt", "global", "submit_result", "f02a59b40aef09d6"),
    ("job_receipt", "global", "settle_job", "f69bdd22a846ad48"),
    ("job_receipt", "global", "cancel_job", "7ef19bf132ec5376"),
    (
        "payment_splitter",
        "event",
        "SplitterInitializedEvent",
        "e852dbd912550a76",
    ),
    (
        "payment_splitter",
        "event",
        "PaymentProcessedEvent",
        "08e1530b914c57a0",
    ),
    (
        "payment_splitter",
        "event",
        "ConfigUpdatedEvent",
        "f59e81633c64d6dc",
    ),
    (
        "payment_splitter",
        "event",
        "TreasuryWithdrawalEvent",
        "b7bfb2f1de03b5b2",
    ),
    (
        "payment_splitter",
        "account",
        "SplitterConfig",
        "2546425993d53b99",
    ),
    (
        "payment_splitter",
        "global",
        "initialize",
        "afaf6d1f0d989bed",
    ),
    (
        "payment_splitter",
        "global",
        "process_payment",
        "bd511ec68bba7317",
    ),
    (
        "payment_splitter",
        "global",
        "update_config",
        "1d9efcbf0a53db63",
    ),
    (
        "payment_splitter",
        "global",
        "withdraw_treasury",
        "283f7a9e90d85360",
    ),
    (
        "hypernode_jobs",
        "event",
        "JobAssignedEvent",
        "d49a1e763e4df403",
    ),
    (
        "hypernode_jobs",
        "event",
        "JobCompletedEvent",
        "78006a49dd7a332b",
    ),
    (
        "hypernode_jobs",
        "event",
        "JobFailedEvent",
        "ba49a875d9b14b42",
    ),
    (
        "hypernode_jobs",
        "event",
        "RecoverEvent",
        "dc53ab5b11fb6635",
    ),
    (
        "hypernode_staking",
        "event",
        "StakeEvent",
        "e286bcad13214baf",
    ),
    (
        "hypernode_staking",
        "event",
        "UnstakeEvent",
        "a26889e451034fc5",
    ),
    (
        "hypernode_rewards",
        "event",
        "ClaimEvent",
        "5d0f46aa308cd4db",
    ),
];

fn parsed(label: &str) -> Value {
    serde_json::from_str(idl::text(label).unwrap_or_else(|| panic!("no IDL {label}"))).unwrap()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

fn snake(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

fn is_legacy(idl: &Value) -> bool {
    idl["metadata"]["spec"].is_null()
}

#[test]
fn discriminators_are_the_documented_ones() {
    for (label, section, name, hex) in DISCRIMINATORS {
        let computed: String = Sha256::digest(format!("{section}:{name}"))[..8]
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        assert_eq!(computed, *hex, "{label} {section}:{name}");
        let idl = parsed(label);
        let key = match *section {
            "event" => "events",
            "account" => "accounts",
            _ => "instructions",
        };
        let entry = list(&idl, key)
            .iter()
            .find(|e| {
                let found = e["name"].as_str().unwrap();
                found == *name || (is_legacy(&idl) && snake(found) == *name)
            })
            .unwrap_or_else(|| panic!("{label} lacks {section} {name}"));
        if !is_legacy(&idl) {
            let stated: String = list(entry, "discriminator")
                .iter()
                .map(|b| format!("{:02x}", b.as_u64().unwrap()))
                .collect();
            assert_eq!(stated, *hex, "{label} {section}:{name}");
        }
    }
}

#[test]
fn nothing_is_in_an_idl_that_the_documentation_does_not_have() {
    for (label, _) in idl::builtin() {
        let idl = parsed(label);
        let present = list(&idl, "events").len()
            + list(&idl, "accounts").len()
            + list(&idl, "instructions").len();
        let documented = DISCRIMINATORS.iter().filter(|(l, ..)| l == label).count();
        assert_eq!(present, documented, "{label}");
    }
}

#[test]
fn one_idl_is_legacy_and_has_no_address() {
    let legacy: Vec<&str> = idl::builtin()
        .iter()
        .map(|(label, _)| *label)
        .filter(|label| is_legacy(&parsed(label)))
        .collect();
    assert_eq!(legacy, ["payment_splitter"]);
    assert!(parsed("payment_splitter")["metadata"]["address"].is_null());
}

#[test]
fn anchor_reads_the_same_files() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for (label, json) in idl::builtin() {
        if *label == "payment_splitter" {
            continue; // anchor refuses a legacy IDL without an address
        }
        let linked =
            std::fs::read_to_string(root.join("idls").join(format!("{label}.json"))).unwrap();
        assert_eq!(
            linked, *json,
            "idls/{label}.json must be a link to schemas/idl"
        );
    }
}

/// Names of the fields of an event.
fn event_fields(idl: &Value, event: &str) -> Option<Vec<String>> {
    let listed = list(idl, "events").iter().find(|e| e["name"] == event)?;
    let fields = if is_legacy(idl) {
        list(listed, "fields")
    } else {
        list(
            &list(idl, "types").iter().find(|t| t["name"] == event)?["type"],
            "fields",
        )
    };
    Some(names(fields))
}

fn names(fields: &[Value]) -> Vec<String> {
    let name = |f: &Value| f["name"].as_str().unwrap().to_owned();
    fields.iter().map(name).collect()
}

fn has_account(idl: &Value, name: &str) -> bool {
    list(idl, "instructions")
        .iter()
        .flat_map(|ix| list(ix, "accounts"))
        .any(|a| a["name"] == name)
}

#[test]
fn the_canonical_map_names_only_what_the_idls_have() {
    use canonical::{Emitter, Seed, Source};
    let map = canonical::parse(canonical::TEXT).unwrap();
    for entry in &map.maps {
        let idl = parsed(&entry.label);
        let fields = match &entry.of {
            Emitter::Event(name) => event_fields(&idl, name),
            Emitter::Instruction(name) => list(&idl, "instructions")
                .iter()
                .find(|ix| ix["name"] == *name)
                .map(|ix| names(list(ix, "args"))),
        };
        let fields = fields.unwrap_or_else(|| panic!("{} {}", entry.label, entry.of));
        for (column, source) in &entry.set {
            let place = format!("{} {} {column:?}", entry.label, entry.of);
            match source {
                Source::Account(name) => assert!(has_account(&idl, name), "{place}: {name}"),
                Source::Field { name, .. } => assert!(fields.contains(name), "{place}: {name}"),
                Source::Derive { label, seeds } => {
                    assert!(idl::text(label).is_some(), "{place}: {label}");
                    for seed in seeds {
                        match seed {
                            Seed::Text(_) => {}
                            Seed::Field(name) => assert!(fields.contains(name), "{place}: {name}"),
                            Seed::Account(name) => {
                                assert!(has_account(&idl, name), "{place}: {name}");
                            }
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn every_kind_has_a_program_event() {
    let map = canonical::parse(canonical::TEXT).unwrap();
    let kinds: std::collections::BTreeSet<i8> = map.maps.iter().map(|m| m.kind as i8).collect();
    assert_eq!(
        kinds.into_iter().collect::<Vec<_>>(),
        (1..=10).collect::<Vec<i8>>()
    );
}

#[test]
fn enum_texts_follow_the_idl_order() {
    let map = canonical::parse(canonical::TEXT).unwrap();
    let entry = map
        .maps
        .iter()
        .find(|m| m.kind == canonical::Kind::NodeStatusChanged)
        .unwrap();
    let canonical::Source::Field { values, .. } = &entry.set[&canonical::Column::Status] else {
        panic!("status comes from a field");
    };
    let idl = parsed("node_registry");
    let status = list(&idl, "types")
        .iter()
        .find(|t| t["name"] == "NodeStatus")
        .unwrap();
    let variants: Vec<String> = list(&status["type"], "variants")
        .iter()
        .map(|v| v["name"].as_str().unwrap().to_lowercase())
        .collect();
    assert_eq!(*values, variants);
}

#[test]
fn a_bad_map_is_refused_with_its_place() {
    let broken = |set: &str| {
        canonical::parse(&format!(
            "version = 1\n[[map]]\nkind = \"JobCreated\"\nlabel = \"a\"\nevent = \"b\"\n[map.set]\n{set}\n"
        ))
    };
    broken("job = { account = \"x\" }").unwrap();
    for set in [
        "jobb = { account = \"x\" }",
        "job = { acount = \"x\" }",
        "job = { account = \"x\", field = \"y\" }",
        "job = { account = \"x\", values = [\"y\"] }",
        "job = { derive = \"x\" }",
        "job = { derive = \"x\", seeds = [] }",
        "job = { derive = \"x\", seeds = [{ field = \"x\", text = \"y\" }] }",
        "job = {}",
    ] {
        let message = broken(set).unwrap_err().to_string();
        assert!(
            message.contains("line 7") || message.contains("line 6"),
            "{set}: {message}"
        );
    }
    assert!(
        canonical::parse("version = 2")
            .unwrap_err()
            .to_string()
            .contains("version 2")
    );
    let twice = "[[map]]\nkind = \"JobCreated\"\nlabel = \"a\"\nevent = \"b\"\nset = {}\n";
    let message = canonical::parse(&format!("version = 1\n{twice}{twice}"))
        .unwrap_err()
        .to_string();
    assert!(message.contains("event `b` of a"), "{message}");
}
