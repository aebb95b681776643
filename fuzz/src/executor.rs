//! Arbitrary bytes through every operation of a plan: events by log and by self-call, instructions, accounts.

use std::sync::LazyLock;

use arbitrary::{Arbitrary, Unstructured};
use hypernode_decoder::accounts::{
    AccountDecoder, AccountLayouts, AccountOutcome, AccountRows, AccountSource, AccountVersion,
};
use hypernode_decoder::chain::{InnerGroup, Instruction, Pubkey, Transaction};
use hypernode_decoder::{Decoder, Outcome};
use serde_json::{Value, json};

use super::shared::{self, EVENT_TAG};

const PROGRAM: Pubkey = [3; 32];
const ZOO: &str = include_str!("../../decoder/tests/it/zoo.idl.json");

struct Bench {
    decoder: Decoder,
    accounts: AccountDecoder,
    authority: Pubkey,
    /// Discriminators of events.
    events: Vec<Vec<u8>>,
    head_size: usize,
}

static BENCH: LazyLock<Bench> = LazyLock::new(|| {
    let idl = shared::parse("zoo", &with_instructions(ZOO));
    let events = idl
        .events()
        .iter()
        .map(|e| e.discriminator.clone())
        .collect();
    let config = shared::config("zoo", PROGRAM, idl.clone());
    let accounts = AccountDecoder::new(&[config], &AccountLayouts::default()).expect("accounts");
    let decoder = shared::decoder(vec![("zoo", PROGRAM, idl)]);
    Bench {
        authority: shared::event_authority(&PROGRAM),
        events,
        head_size: shared::head_size(&decoder),
        accounts,
        decoder,
    }
});

/// The IDL with one instruction per event, which takes the event's type as argument.
fn with_instructions(json: &str) -> String {
    let mut idl: Value = serde_json::from_str(json).expect("JSON");
    let events = idl["events"].as_array().expect("events").clone();
    let instruction = |event: &Value| {
        let name = event["name"].as_str().expect("name");
        json!({
            "name": format!("take_{name}"),
            "discriminator": event["discriminator"],
            "accounts": [{ "name": "payer" }, { "name": "other", "optional": true }],
            "args": [{ "name": "it", "type": { "defined": { "name": name } } }, { "name": "n", "type": "u16" }],
        })
    };
    // An event's type can be an account's too.
    idl["accounts"] = events.clone().into();
    idl["instructions"] = events.iter().map(instruction).collect();
    idl.to_string()
}

#[derive(Debug, Arbitrary)]
struct Input<'a> {
    way: Way,
    failed: bool,
    /// Which event's discriminator goes before the bytes; none if out of range.
    event: u8,
    body: &'a [u8],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Arbitrary)]
enum Way {
    Log,
    Cpi,
    Instruction,
    Account,
}

pub fn check(data: &[u8]) {
    let Ok(input) = Input::arbitrary_take_rest(Unstructured::new(data)) else {
        return;
    };
    let bench = &*BENCH;
    let known = bench.events.get(usize::from(input.event));
    let mut record = known.cloned().unwrap_or_default();
    record.extend_from_slice(input.body);
    if input.way == Way::Account {
        account(&record);
        return;
    }
    let (none, once) = (run(&input, &[]), run(&input, &[&record]));
    let thrice = run(&input, &[&record, &record, &record]);
    // What one record adds, three add three times: each leaves its neighbours alone.
    let counts = |d: &shared::Decoded| [d.stats.events, d.stats.instructions, d.stats.dead_letters];
    let (none, once_counts, thrice) = (counts(&none), counts(&once), counts(&thrice));
    for ((none, once), thrice) in none.into_iter().zip(once_counts).zip(thrice) {
        assert_eq!(thrice - none, 3 * (once - none));
    }
    for outcome in &once.outcomes {
        if let Outcome::Decoded { trailing } = outcome {
            assert!(*trailing as usize <= input.body.len());
        }
    }
    // One byte of input can be a variant of an enum with data: its kind, and an empty place for every member.
    let bound = bench.head_size + 4096 + 64 * record.len();
    let size = once.size();
    assert!(
        size <= bound,
        "{size} bytes of rows from {} bytes",
        record.len()
    );
}

/// The bytes as content of an account, between two others.
fn account(content: &[u8]) {
    let decoder = &BENCH.accounts;
    let mut rows = AccountRows::new(decoder);
    let mut run = || {
        let mut outcomes = Vec::new();
        for slot in 0..3 {
            let seen = AccountVersion {
                pubkey: &[4; 32],
                slot,
                write_version: 0,
                owner: &PROGRAM,
                lamports: 1,
                executable: false,
                signature: None,
                source: AccountSource::Snapshot,
                data: content,
            };
            outcomes.push(decoder.decode(&seen, &mut rows));
        }
        (outcomes, rows.take())
    };
    let (first, again) = (run(), run());
    assert_eq!(first, again, "decoding again gives other rows");
    let (outcomes, tables) = first;
    assert!(outcomes.iter().all(|o| *o == outcomes[0]));
    assert_ne!(outcomes[0], AccountOutcome::Foreign);
    let typed = 3 * u64::from(outcomes[0] == AccountOutcome::Decoded);
    let rows: u64 = tables.iter().map(|t| t.rows).sum();
    assert_eq!(
        rows,
        3 + typed,
        "every observation has a row, each decoded one two"
    );
    let size: usize = tables.iter().map(|t| t.native.len()).sum();
    let bound = BENCH.head_size + 3 * (4096 + 64 * content.len());
    assert!(
        size <= bound,
        "{size} bytes of rows from {} bytes",
        content.len()
    );
    shared::consistent(&tables);
}

fn run(input: &Input<'_>, records: &[&[u8]]) -> shared::Decoded {
    let mut tx = match input.way {
        Way::Log => shared::logged(&PROGRAM, records),
        way => called(way, records),
    };
    tx.err = input.failed.then(|| vec![8, 0, 0, 0]);
    shared::decode(&BENCH.decoder, &shared::block(vec![tx]), false)
}

/// Records as inner calls of the program by itself.
fn called(way: Way, records: &[&[u8]]) -> Transaction {
    let call = |record: &&[u8]| Instruction {
        program: 1,
        accounts: if way == Way::Cpi { vec![2] } else { vec![0, 1] },
        data: match way {
            Way::Cpi => [&EVENT_TAG, *record].concat(),
            _ => record.to_vec(),
        },
        stack_height: Some(2),
    };
    let outer = Instruction {
        program: 3,
        accounts: vec![0],
        ..Instruction::default()
    };
    let group = InnerGroup {
        outer: 0,
        instructions: records.iter().map(call).collect(),
    };
    let outer = match way {
        Way::Cpi => Instruction {
            program: 1,
            ..outer
        },
        _ => outer,
    };
    let keys = vec![[1; 32], PROGRAM, BENCH.authority, [9; 32]];
    shared::transaction(keys, vec![outer], Some(vec![group]), None)
}
