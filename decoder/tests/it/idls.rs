//! IDLs: both formats give one model; what is broken is refused with file, place and reason.

use hypernode_decoder::idl::{self, Body, Fields, Type};
use hypernode_decoder::{ConfigError, Decoder, Keep, ProgramConfig};
use hypernode_schemas::canonical;
use serde_json::{Value, json};

use crate::support::{data, key, no_map};

fn parse(value: &Value) -> Result<idl::Idl, String> {
    idl::parse("x", "x.json", value.to_string().as_bytes()).map_err(|e| e.to_string())
}

/// A new-format IDL with these events and types; every event has a discriminator of its own.
fn new(events: &[&str], types: &Value) -> Value {
    let events: Vec<Value> = events
        .iter()
        .enumerate()
        .map(|(i, n)| json!({"name": n, "discriminator": [i, 1]}))
        .collect();
    json!({"metadata": {"name": "x", "version": "0.1.0", "spec": "0.1.0"}, "events": events, "types": types})
}

fn structure(name: &str, fields: &Value) -> Value {
    json!({"name": name, "type": {"kind": "struct", "fields": fields}})
}

fn field(kind: &Value) -> Value {
    json!([{"name": "a", "type": kind}])
}

#[test]
fn builtin_idls_parse_with_the_documented_discriminators() {
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    let known = [
        ("node_registry", "NodeRegistered", "0f39b73b5d379dc3"),
        ("node_registry", "NodeStatusUpdated", "1e2f8ed280907173"),
        ("node_registry", "NodeDeregistered", "0d0a002f23983408"),
        ("job_receipt", "JobCreatedEvent", "1910bd9884d7a274"),
        ("job_receipt", "JobAssignedEvent", "d49a1e763e4df403"),
        ("job_receipt", "JobCompletedEvent", "78006a49dd7a332b"),
        ("job_receipt", "JobCancelledEvent", "b17c26379c87b8f7"),
        ("job_receipt", "PaymentDistributedEvent", "9b1973aae6f1328e"),
        (
            "payment_splitter",
            "SplitterInitializedEvent",
            "e852dbd912550a76",
        ),
        (
            "payment_splitter",
            "PaymentProcessedEvent",
            "08e1530b914c57a0",
        ),
        ("payment_splitter", "ConfigUpdatedEvent", "f59e81633c64d6dc"),
        (
            "payment_splitter",
            "TreasuryWithdrawalEvent",
            "b7bfb2f1de03b5b2",
        ),
        ("hypernode_jobs", "JobCompletedEvent", "78006a49dd7a332b"),
        ("hypernode_jobs", "RecoverEvent", "dc53ab5b11fb6635"),
        ("hypernode_staking", "StakeEvent", "e286bcad13214baf"),
        ("hypernode_rewards", "ClaimEvent", "5d0f46aa308cd4db"),
    ];
    for (label, event, disc) in known {
        let (_, json) = hypernode_schemas::idl::builtin()
            .iter()
            .find(|(l, _)| *l == label)
            .expect(label);
        let idl = idl::parse(label, label, json.as_bytes()).expect(label);
        let event = idl.events().iter().find(|e| e.name == event).expect(event);
        assert_eq!(hex(&event.discriminator), disc, "{label}.{}", event.name);
    }
}

#[test]
fn the_legacy_format_derives_what_it_does_not_state() {
    let idl = parse(&json!({
        "version": "0.1.0", "name": "splitter",
        "metadata": {"address": "4uQeVj5tqViQh7yWWGStvkEG1Zmhx6uasJtWCJziofM"},
        "instructions": [{"name": "processPayment", "args": [{"name": "amount", "type": "u64"}], "accounts": [
            {"name": "splitterConfig", "isMut": false, "isSigner": false},
            {"name": "tokens", "accounts": [{"name": "source", "isMut": true}, {"name": "target", "isOptional": true}]},
        ]}],
        "accounts": [{"name": "SplitterConfig", "type": {"kind": "struct", "fields": [{"name": "a", "type": "publicKey"}]}}],
        "events": [{"name": "PaymentProcessedEvent", "fields": [
            {"name": "totalAmount", "type": "u64", "index": true}, {"name": "who", "type": {"defined": "SplitterConfig"}}]}],
    }))
    .expect("IDL");
    assert_eq!(
        idl.address(),
        Some(key("4uQeVj5tqViQh7yWWGStvkEG1Zmhx6uasJtWCJziofM"))
    );
    let ix = &idl.instructions()[0];
    assert_eq!(
        ix.discriminator,
        [0xbd, 0x51, 0x1e, 0xc6, 0x8b, 0xba, 0x73, 0x17]
    );
    let names: Vec<_> = ix
        .accounts
        .iter()
        .map(|a| (a.name.as_str(), a.optional))
        .collect();
    assert_eq!(
        names,
        [
            ("splitterConfig", false),
            ("source", false),
            ("target", true)
        ]
    );
    assert_eq!(
        idl.accounts()[0].discriminator,
        [0x25, 0x46, 0x42, 0x59, 0x93, 0xd5, 0x3b, 0x99]
    );
    let event = &idl.events()[0];
    assert_eq!(
        event.discriminator,
        [0x08, 0xe1, 0x53, 0x0b, 0x91, 0x4c, 0x57, 0xa0]
    );
    let Body::Struct(Fields::Named(fields)) = &event.body else {
        panic!("{:?}", event.body)
    };
    assert_eq!(
        (fields[0].name.as_str(), &fields[0].kind),
        ("totalAmount", &Type::Unsigned(8))
    );
}

#[test]
fn broken_files_are_refused_with_file_path_and_reason() {
    let cases = [
        (json!([]), "x.json: $: expected an object"),
        (json!({}), "x.json: $: key `name` is missing"),
        (
            json!({"metadata": {"spec": "0.2.0"}}),
            "x.json: $.metadata.spec: IDL spec `0.2.0` is not known",
        ),
        (
            json!({"name": "x", "metadata": {"address": "HyPErNoDePaymEntSpLiTtErProGramId1234567"}}),
            "x.json: $.metadata.address: `HyPErNoDePaymEntSpLiTtErProGramId1234567` is not a program id",
        ),
        (
            new(&["E"], &json!([])),
            "x.json: $.events[0]: unknown type `E`",
        ),
        (
            new(&["E"], &json!([structure("E", &field(&json!("u65")))])),
            "x.json: $.types[0].type.fields[0].type: unknown type `u65`",
        ),
        (
            new(
                &["E"],
                &json!([structure(
                    "E",
                    &field(&json!({"vec": {"defined": {"name": "No"}}}))
                )]),
            ),
            "x.json: $.types[0].type.fields[0].type.vec.defined: unknown type `No`",
        ),
        (
            new(
                &["E"],
                &json!([structure("E", &field(&json!({"array": ["u8", -1]})))]),
            ),
            "x.json: $.types[0].type.fields[0].type.array[1]: expected a length below 2^32, found -1",
        ),
        (
            new(&["E", "E"], &json!([structure("E", &json!([]))])),
            "x.json: $.events[1]: event `E` is defined twice (first at $.events[0])",
        ),
        (
            new(
                &["E"],
                &json!([structure("E", &json!([])), structure("E", &json!([]))]),
            ),
            "x.json: $.types[1]: type `E` is defined twice (first at $.types[0])",
        ),
        (
            new(
                &["E"],
                &json!([structure(
                    "E",
                    &json!([{"name": "a", "type": "u8"}, {"name": "a", "type": "u8"}])
                )]),
            ),
            "x.json: $.types[0].type.fields[1]: field `a` is defined twice",
        ),
        (
            new(
                &["A"],
                &json!([
                    structure("A", &field(&json!({"vec": {"defined": {"name": "B"}}}))),
                    structure("B", &field(&json!({"option": {"defined": {"name": "A"}}}))),
                ]),
            ),
            "x.json: $.types[0]: type contains itself: A -> B -> A",
        ),
        (
            new(
                &["A"],
                &json!([{"name": "A", "serialization": {"custom": "x"}, "type": {"kind": "struct"}}]),
            ),
            "x.json: $.events[0]: event `A` needs a type that is not supported: type `A`: it has a serialization of its own",
        ),
        (
            json!({"name": "x", "events": [{"name": "E", "fields": [], "discriminator": [1, 256]}]}),
            "x.json: $.events[0].discriminator[1]: expected a byte (0 to 255), found 256",
        ),
        (
            json!({"metadata": {"name": "x", "spec": "0.1.0"}, "events": [{"name": "E"}], "types": [structure("E", &json!([]))]}),
            "x.json: $.events[0]: key `discriminator` is missing",
        ),
        (
            json!({"name": "x", "events": [
                {"name": "One", "fields": [], "discriminator": [1, 2]},
                {"name": "Two", "fields": [], "discriminator": [1, 2, 3]}]}),
            "x.json: $.events: discriminators of events `One` and `Two` clash: 0102 and 010203",
        ),
    ];
    for (json, want) in cases {
        let error = parse(&json).expect_err(want);
        assert!(error.starts_with(want), "{error}\nis not\n{want}");
    }
    let error = idl::parse("x", "y.json", b"{\"name\": }")
        .expect_err("broken")
        .to_string();
    assert!(
        error.starts_with("y.json: $: not JSON: ") && error.contains("line 1 column 10"),
        "{error}"
    );
}

#[test]
fn what_no_event_reaches_may_be_unsupported() {
    let custom = json!({"name": "C", "serialization": {"custom": "own"}, "type": {"kind": "struct", "fields": ["u8"]}});
    let recursive = structure("R", &field(&json!({"vec": {"defined": {"name": "R"}}})));
    let ours = structure("E", &field(&json!("u8")));
    let user = |kind: &str, of: &str| structure(kind, &field(&json!({"defined": {"name": of}})));
    let good = json!([custom, recursive, ours, user("U", "C"), user("V", "R")]);
    let mut idl = new(&["E"], &good);
    idl["accounts"] =
        json!([{"name": "U", "discriminator": [1]}, {"name": "E", "discriminator": [2]}]);
    idl["instructions"] = json!([{"name": "go", "discriminator": [1], "accounts": [],
        "args": [{"name": "a", "type": {"defined": {"name": "V"}}}]}]);
    let notices = idl::notices(&parse(&idl).expect("IDL"));
    let notices: Vec<String> = notices.iter().map(ToString::to_string).collect();
    assert_eq!(
        notices,
        [
            "x.json: $.accounts[0]: account `U` cannot become columns: type `C`: it has a serialization of its own",
            "x.json: $.instructions[0]: instruction `go` cannot become columns: type contains itself: R -> R",
        ]
    );
    let error = parse(&new(&["E"], &json!([custom, user("E", "C")]))).expect_err("custom");
    assert!(
        error.contains("event `E` needs a type that is not supported: type `C`"),
        "{error}"
    );
}

#[test]
fn types_that_grow_without_bound_are_refused_quickly() {
    // Each type holds the one before twice: a flat layout would have 2^30 columns.
    let mut types = vec![structure("T0", &field(&json!("u8")))];
    for i in 1..30 {
        let before = json!({"defined": {"name": format!("T{}", i - 1)}});
        types.push(structure(
            &format!("T{i}"),
            &json!([{"name": "a", "type": before}, {"name": "b", "type": before}]),
        ));
    }
    let idl = parse(&new(&["T29"], &json!(types))).expect("IDL");
    let error = build(vec![("x", [1; 32], idl)])
        .expect_err("too large")
        .to_string();
    assert_eq!(
        error,
        "x.json: event `T29`: it needs more than 4096 columns and sub-columns"
    );
    // A chain that is too deep for any record.
    let mut types = vec![structure("T0", &field(&json!("u8")))];
    for i in 1..10_000 {
        types.push(structure(
            &format!("T{i}"),
            &field(&json!({"defined": {"name": format!("T{}", i + 1)}})),
        ));
    }
    types.push(structure("T10000", &json!([])));
    let error = parse(&new(&["T1"], &json!(types))).expect_err("too deep");
    assert!(error.contains("nested deeper than 32 levels"), "{error}");
}

fn build(programs: Vec<(&str, [u8; 32], idl::Idl)>) -> Result<Decoder, ConfigError> {
    let programs = programs
        .into_iter()
        .map(|(label, program_id, idl)| ProgramConfig::new(label, program_id, idl));
    Decoder::new(programs.collect(), &no_map(), Keep::All)
}

#[test]
fn programs_that_cannot_live_together_are_refused() {
    let idl = |events: &[&str]| {
        let types: Vec<Value> = events.iter().map(|e| structure(e, &json!([]))).collect();
        parse(&new(events, &json!(types))).expect("IDL")
    };
    let error = |programs| build(programs).expect_err("clash").to_string();
    assert_eq!(
        error(vec![
            ("one", [1; 32], idl(&["E"])),
            ("two", [1; 32], idl(&["E"]))
        ]),
        "programs `one` and `two` have the same id 4vJ9JU1bJJE96FWSJKvHsmmFADCg4gpZQff4P3bkLKi: \
         give each its own, or remove one"
    );
    let same_label = error(vec![
        ("one", [1; 32], idl(&["E"])),
        ("one", [2; 32], idl(&["E"])),
    ]);
    assert!(
        same_label.starts_with("label `one` is used for two programs"),
        "{same_label}"
    );
    assert_eq!(
        error(vec![
            ("a_b", [1; 32], idl(&["C"])),
            ("a", [2; 32], idl(&["b_C"]))
        ]),
        "table `ev_a_b_C` would hold both event `C` of `a_b` (x.json) and event `b_C` of `a` (x.json): \
         give one of the two IDLs another label (the name of its file)"
    );
    let error = error(vec![("a", [1; 32], idl(&["C", "C_failed"]))]);
    assert_eq!(
        error,
        "table `ev_a_C_failed` would hold both event `C` of `a` (x.json) and event `C_failed` of `a` (x.json): \
         rename one of the two in the IDL, or take it out"
    );
}

#[test]
fn idls_of_the_test_data_parse() {
    for (set, files) in [
        (
            "mainnet-254170887",
            ["jupiter_v6.json", "meteora_dlmm.json", "raydium_clmm.json"].as_slice(),
        ),
        (
            "validator-stream",
            ["evp_A.idl.json", "evp_D.idl.json"].as_slice(),
        ),
    ] {
        let Some(dir) = data(set) else { return };
        for file in files {
            let json = std::fs::read(dir.join("idl").join(file)).expect("file");
            let idl = idl::parse("x", file, &json).expect("IDL");
            let decoder = build(vec![("x", [9; 32], idl)]).expect("decoder");
            assert!(decoder.tables().len() >= 4);
        }
    }
}

#[test]
fn the_canonical_map_must_name_what_exists() {
    let idl = || {
        parse(&json!({"name": "x", "instructions": [{"name": "go", "args": [], "accounts": [{"name": "job"}]}],
            "events": [{"name": "E", "fields": [{"name": "a", "type": "u64"}, {"name": "s", "type": "string"}]}]}))
        .expect("IDL")
    };
    let with = |event: &str, set: &str| {
        let text = format!(
            "version = 1\n[[map]]\nkind = \"JobCreated\"\nlabel = \"x\"\nevent = \"{event}\"\n[map.set]\n{set}"
        );
        let map = canonical::parse(&text).expect("map");
        let program = ProgramConfig::new("x", [1; 32], idl());
        Decoder::new(vec![program], &map, Keep::All)
            .map(|_| ())
            .map_err(|e| e.to_string())
    };
    assert_eq!(
        with(
            "E",
            "job = { account = \"job\" }\nprice = { field = \"a\" }"
        ),
        Ok(())
    );
    for (event, set, want) in [
        (
            "No",
            "price = { field = \"a\" }",
            "canonical map: `x` has no event `No`",
        ),
        (
            "E",
            "price = { field = \"no\" }",
            "canonical map: event `E` of `x`, column `price`: the event has no field `no`",
        ),
        (
            "E",
            "job = { account = \"no\" }",
            "canonical map: event `E` of `x`, column `job`: no instruction has an account `no`",
        ),
        (
            "E",
            "job = { field = \"a\" }",
            "canonical map: event `E` of `x`, column `job`: field `a` has a type that does not fit",
        ),
        (
            "E",
            "price = { field = \"s\" }",
            "canonical map: event `E` of `x`, column `price`: field `s` has a type that does not fit",
        ),
    ] {
        assert_eq!(with(event, set), Err(want.to_owned()));
    }
}
