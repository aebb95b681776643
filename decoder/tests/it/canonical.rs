//! Canonical events: identity from the emitting instruction's accounts, never from strings.

use borsh::to_vec;
use hypernode_decoder::chain::{Pubkey, Transaction};
use hypernode_decoder::{Decoder, Keep, ProgramConfig, Rows, idl};
use hypernode_schemas::canonical;

use crate::support::build::{block_of, data_line, failed, invoke, ix, success, tx};
use crate::support::native::{self, Block, V};

const NODES: Pubkey = [21; 32];
const JOBS: Pubkey = [22; 32];
const SPLITTER: Pubkey = [23; 32];

fn all() -> Decoder {
    let ids = [
        ("node_registry", NODES),
        ("job_receipt", JOBS),
        ("payment_splitter", SPLITTER),
    ];
    let programs = ids.map(|(label, program_id)| {
        let json = hypernode_schemas::idl::text(label).expect(label);
        let idl = idl::parse(label, label, json.as_bytes()).expect(label);
        ProgramConfig::new(label, program_id, idl)
    });
    let map = canonical::parse(canonical::TEXT).expect("map");
    Decoder::new(programs.into(), &map, Keep::Matching).expect("decoder")
}

fn hex(text: &str) -> Vec<u8> {
    let byte = |i| u8::from_str_radix(&text[i..i + 2], 16).expect("hex");
    (0..text.len()).step_by(2).map(byte).collect()
}

/// A transaction in which `program` is called with these accounts and logs one event.
fn emit(
    program: Pubkey,
    called: &str,
    accounts: &[Pubkey],
    event: &str,
    body: &[u8],
) -> Transaction {
    let mut keys = vec![[9; 32], program];
    keys.extend(accounts);
    let indexes: Vec<u8> = (2..2 + accounts.len() as u8).collect();
    let record = [hex(event).as_slice(), body].concat();
    let logs = [
        invoke(&program, 1),
        data_line(&[&record]),
        success(&program),
    ];
    // Zeros are empty texts and the number 0, whatever the arguments.
    let data = [hex(called), vec![0; 40]].concat();
    tx(&keys, vec![ix(1, &indexes, &data, None)], &logs)
}

fn row(tx: Transaction) -> Option<Block> {
    let decoder = all();
    let mut rows = Rows::new(&decoder);
    let stats = decoder.decode_block(&block_of(tx), &mut rows, &mut ());
    assert_eq!(
        (stats.events, stats.dead_letters, stats.mismatched),
        (1, 0, 0)
    );
    let tables = rows.finish();
    let table = tables.iter().find(|t| t.table == "canonical_events")?;
    Some(native::read(&table.native))
}

fn check(block: &Block, kind: &str, set: &[(&str, V)]) {
    assert_eq!(block["kind"].1, [V::Name(kind.into())]);
    for (name, (_, values)) in block {
        let stated = set.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
        let identity = hypernode_schemas::table::IDENTITY
            .iter()
            .any(|(n, _)| n == name);
        let none = match &values[0] {
            V::Fixed(bytes) => V::Fixed(vec![0; bytes.len()]),
            _ => V::Text(Vec::new()),
        };
        if !identity && !["kind", "program", "label"].contains(&name.as_str()) {
            assert_eq!(values, &[stated.unwrap_or(none)], "{kind}: {name}");
        }
    }
}

fn key(byte: u8) -> V {
    V::Fixed(vec![byte; 32])
}

fn text(text: &str) -> V {
    V::Text(text.into())
}

fn number(n: i64) -> V {
    V::Fixed(n.to_le_bytes().to_vec())
}

#[test]
fn a_node_is_its_account() {
    let body = to_vec(&("node-1", [41_u8; 32], 1_700_000_000_i64)).expect("borsh");
    let block = row(emit(
        NODES,
        "66557572c2bcd3a8",
        &[[40; 32], [41; 32], [0; 32]],
        "0f39b73b5d379dc3",
        &body,
    ));
    let set = [
        ("node", key(40)),
        ("operator", key(41)),
        ("node_name", text("node-1")),
        ("event_time", number(1_700_000_000)),
    ];
    check(&block.expect("row"), "NodeRegistered", &set);
    for (status, name) in [(0_u8, "online"), (1, "offline"), (2, "suspended")] {
        let body = to_vec(&("n", status, 5_i64)).expect("borsh");
        let block = row(emit(
            NODES,
            "592d1afcc19e7518",
            &[[40; 32], [41; 32]],
            "1e2f8ed280907173",
            &body,
        ));
        let set = [
            ("node", key(40)),
            ("operator", key(41)),
            ("node_name", text("n")),
            ("status", text(name)),
            ("event_time", number(5)),
        ];
        check(&block.expect("row"), "NodeStatusChanged", &set);
    }
}

#[test]
fn a_job_is_its_account_and_its_type_has_a_name() {
    for (kind, name) in [
        (0_u8, "llm_inference"),
        (5, "generic_compute"),
        (77, "unknown_77"),
    ] {
        let body = to_vec(&("job", [31_u8; 32], kind, 250_u64, 6_i64)).expect("borsh");
        let block = row(emit(
            JOBS,
            "b282d96e641b5277",
            &[[30; 32], [31; 32], [0; 32]],
            "1910bd9884d7a274",
            &body,
        ));
        let set = [
            ("job", key(30)),
            ("requester", key(31)),
            ("name", text("job")),
            ("job_type", text(name)),
            ("price", number(250)),
            ("event_time", number(6)),
        ];
        check(&block.expect("row"), "JobCreated", &set);
    }
}

#[test]
fn an_assignments_node_is_derived() {
    let assign = |node_id: &str| {
        let body = to_vec(&("job", node_id, [41_u8; 32], 7_i64)).expect("borsh");
        row(emit(
            JOBS,
            "25eb690dc43af80a",
            &[[30; 32], [32; 32], [41; 32]],
            "d49a1e763e4df403",
            &body,
        ))
        .expect("row")
    };
    let seeds: [&[u8]; 3] = [b"node", &[41; 32], b"node-1"];
    let registry = solana_sdk::pubkey::Pubkey::new_from_array(NODES);
    let node = solana_sdk::pubkey::Pubkey::find_program_address(&seeds, &registry)
        .0
        .to_bytes();
    let set = |node: V, name: &str| {
        [
            ("job", key(30)),
            ("node", node),
            ("operator", key(41)),
            ("authority", key(32)),
            ("name", text("job")),
            ("node_name", text(name)),
            ("event_time", number(7)),
        ]
    };
    check(
        &assign("node-1"),
        "JobAssigned",
        &set(V::Fixed(node.into()), "node-1"),
    );
    // A seed holds 32 bytes: a longer id has no account.
    let long = "x".repeat(33);
    check(&assign(&long), "JobAssigned", &set(key(0), &long));
}

#[test]
fn a_payment_names_the_accounts_that_were_paid() {
    let body = to_vec(&("job", 80_u64, 10_u64, 5_u64, 8_i64)).expect("borsh");
    let accounts = [30, 31, 32, 33, 34, 35, 36].map(|b| [b; 32]);
    let block = row(emit(
        JOBS,
        "f69bdd22a846ad48",
        &accounts,
        "9b1973aae6f1328e",
        &body,
    ));
    let set = [
        ("job", key(30)),
        ("treasury", key(33)),
        ("incentive", key(34)),
        ("authority", key(35)),
        ("name", text("job")),
        ("operator_amount", number(80)),
        ("treasury_amount", number(10)),
        ("incentive_amount", number(5)),
        ("event_time", number(8)),
    ];
    check(&block.expect("row"), "PaymentDistributed", &set);
}

#[test]
fn an_account_of_another_instruction_is_none() {
    let body = to_vec(&("job", 80_u64, 10_u64, 5_u64, 8_i64)).expect("borsh");
    // The same event out of create_job, which has no treasury: nothing is guessed.
    let block = row(emit(
        JOBS,
        "b282d96e641b5277",
        &[[30; 32], [31; 32]],
        "9b1973aae6f1328e",
        &body,
    ))
    .expect("row");
    assert_eq!(block["treasury"].1, [key(0)]);
    assert_eq!(block["job"].1, [key(30)]);
}

#[test]
fn a_failed_transaction_has_no_canonical_events() {
    let body = to_vec(&("node-1", [41_u8; 32], 5_i64)).expect("borsh");
    let mut tx = emit(
        NODES,
        "66557572c2bcd3a8",
        &[[40; 32], [41; 32]],
        "0f39b73b5d379dc3",
        &body,
    );
    tx.err = Some(vec![1]);
    if let Some(last) = tx.logs.as_mut().and_then(|l| l.last_mut()) {
        *last = failed(&NODES);
    }
    assert!(row(tx).is_none());
}

// I-14.
#[test]
fn equal_discriminators_of_two_programs_stay_apart() {
    let jobs = hypernode_schemas::idl::text("hypernode_jobs").expect("IDL");
    let config = |label: &str, id: Pubkey, json: &str| {
        let idl = idl::parse(label, label, json.as_bytes()).expect(label);
        ProgramConfig::new(label, id, idl)
    };
    let receipt = hypernode_schemas::idl::text("job_receipt").expect("IDL");
    let programs = vec![
        config("job_receipt", JOBS, receipt),
        config("hypernode_jobs", [24; 32], jobs),
    ];
    let map = canonical::parse(canonical::TEXT).expect("map");
    let decoder = Decoder::new(programs, &map, Keep::Matching).expect("decoder");
    let body = to_vec(&([50_u8; 32], [51_u8; 32], 9_u64, 60_i64, 7_i64)).expect("borsh");
    let tx = emit([24; 32], "0000000000000000", &[], "78006a49dd7a332b", &body);
    let mut rows = Rows::new(&decoder);
    assert_eq!(
        decoder
            .decode_block(&block_of(tx), &mut rows, &mut ())
            .events,
        1
    );
    let tables = rows.finish();
    let canonical = tables
        .iter()
        .find(|t| t.table == "canonical_events")
        .expect("row");
    let set = [
        ("job", key(50)),
        ("node", key(51)),
        ("price", number(9)),
        ("duration", number(60)),
        ("event_time", number(7)),
    ];
    check(&native::read(&canonical.native), "JobCompleted", &set);
    assert!(
        tables
            .iter()
            .any(|t| t.table == "ev_hypernode_jobs_JobCompletedEvent")
    );
}
