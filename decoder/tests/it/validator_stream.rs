//! Streams of a real validator: every event that must decode does, byte for byte and in execution order; no
//! forged one does. The truth file was made from the transactions sent and from RPC, not from the stream.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use hypernode_decoder::chain::{Block, Transaction};
use hypernode_decoder::{BlockStats, Decoder, Observer, Outcome, Record, Rows, TxOutcome, Via};
use serde_json::Value;

use crate::support::{data, decoder, key, programs, stream};

/// Program, event, via cpi, bytes.
type Seen = (String, String, bool, Vec<u8>);

/// What the decoder made of each transaction, by signature.
#[derive(Default)]
struct Collect {
    events: HashMap<String, Vec<Seen>>,
    dead: BTreeMap<&'static str, u64>,
    suspects: HashMap<String, u64>,
    mismatched: Vec<String>,
}

fn signature(tx: &Transaction) -> String {
    bs58::encode(tx.signature).into_string()
}

impl Observer for Collect {
    fn record(&mut self, record: &Record<'_>) {
        let place = self.events.entry(signature(record.tx)).or_default();
        match record.outcome {
            Outcome::Decoded { trailing } => {
                assert_eq!(trailing, 0);
                let program = bs58::encode(record.program).into_string();
                let event = record.event.expect("name").to_owned();
                place.push((program, event, record.via == Via::Cpi, record.data.to_vec()));
            }
            Outcome::DeadLetter => {
                *self
                    .dead
                    .entry(record.event.map_or("unknown", |_| "known"))
                    .or_default() += 1;
            }
            Outcome::Suspect => *self.suspects.entry(signature(record.tx)).or_default() += 1,
            Outcome::Unconfigured => panic!("not asked for"),
        }
    }

    fn transaction(&mut self, outcome: &TxOutcome<'_>) {
        if outcome.log_mismatch {
            self.mismatched.push(signature(outcome.tx));
        }
    }
}

fn evp(dir: &Path) -> Decoder {
    let files = [
        ("evp_A", "evp_A.idl.json", None),
        ("evp_B", "evp_B.idl.json", None),
        ("evp_C", "evp_C.idl.json", None),
        ("evp_D", "evp_D.idl.json", None),
    ];
    decoder(programs(&dir.join("idl"), &files))
}

/// Log records that must be accepted: those whose line stands before the cut.
fn in_log(tx: &Transaction, text: &str) -> bool {
    let lines = tx.logs.as_ref().expect("logs").iter();
    let line = format!("Program data: {text}");
    lines
        .take_while(|l| *l != "Log truncated")
        .any(|l| *l == line)
}

fn check(name: &str, level: &str) {
    let Some(dir) = data("validator-stream") else {
        return;
    };
    let decoder = evp(&dir);
    let ours: Vec<_> = decoder
        .programs()
        .map(|(_, id)| bs58::encode(id).into_string())
        .collect();
    let blocks = stream::blocks(&dir.join(format!("{name}.{level}.bin.zst")));
    let mut rows = Rows::new(&decoder);
    let mut collect = Collect::default();
    let mut total = BlockStats::default();
    for block in &blocks {
        let stats = decoder.decode_block(block, &mut rows, &mut collect);
        total.events += stats.events;
        total.dead_letters += stats.dead_letters;
    }
    let txs = |b: &'_ Block| {
        b.transactions
            .iter()
            .map(|tx| (signature(tx), tx.clone()))
            .collect::<Vec<_>>()
    };
    let received: HashMap<String, Transaction> = blocks.iter().flat_map(txs).collect();
    let truth = std::fs::File::open(dir.join(format!("{name}.truth.jsonl.zst"))).expect("truth");
    let truth = BufReader::new(zstd::Decoder::new(truth).expect("zstd"));
    let (mut wanted, mut transactions, mut cut, mut forgeries) = (0, 0, 0, 0);
    for line in truth.lines() {
        let truth: Value = serde_json::from_str(&line.expect("line")).expect("JSON");
        let signature = truth["signature"].as_str().expect("signature").to_owned();
        let landed = truth["landed"] == true;
        let Some(tx) = received.get(&signature) else {
            assert!(!landed || level != "confirmed", "{signature} is missing");
            continue;
        };
        transactions += 1;
        cut += u64::from(truth["rpc_log_truncated"] == true);
        let mut want: Vec<Seen> = Vec::new();
        for event in truth["events"].as_array().expect("events") {
            let (program, name) = (
                event["program_id"].as_str().expect("program"),
                &event["name"],
            );
            let (Some(name), Some(data)) = (name.as_str(), event["data"].as_str()) else {
                continue;
            };
            let cpi = event["kind"] == "cpi";
            if ours.iter().any(|p| p == program) && (cpi || in_log(tx, data)) {
                let data = base64_simd::STANDARD.decode_to_vec(data).expect("base64");
                want.push((program.into(), name.into(), cpi, data));
            }
        }
        wanted += want.len();
        let got = collect.events.remove(&signature).unwrap_or_default();
        let kind = &truth["kind"];
        assert_eq!(got, want, "{kind} {signature}");
        if kind == "spoof_trunc" && truth["rpc_log_truncated"] == true {
            let forged = truth["events"].as_array().expect("events").last();
            let data = forged.expect("event")["data"].as_str().expect("data");
            let behind = format!("Program data: {data}");
            let behind = tx.logs.as_ref().expect("logs").contains(&behind) && !in_log(tx, data);
            if behind {
                let suspects = collect.suspects.get(&signature).copied();
                assert!(
                    suspects > Some(0),
                    "a disbelieved event is reported: {signature}"
                );
                forgeries += 1;
            }
        }
    }
    collect.events.retain(|_, events| !events.is_empty());
    assert!(
        collect.events.is_empty(),
        "events of unknown transactions: {:?}",
        collect.events.keys()
    );
    assert_eq!(collect.mismatched, Vec::<String>::new());
    assert_eq!(total.events as usize, wanted);
    println!(
        "{name}.{level}: {transactions} transactions, {wanted} events, {cut} cut logs, {forgeries} forgeries, dead letters {:?}",
        collect.dead
    );
    assert!(wanted > 1000 && transactions > 1000);
}

// I-09.
#[test]
fn mixed_confirmed_decodes_exactly_what_was_emitted() {
    check("mixed", "confirmed");
}

#[test]
fn mixed_filtered_decodes_exactly_what_was_emitted() {
    check("mixed", "filtered");
}

#[test]
fn kill9_confirmed_decodes_exactly_what_was_emitted() {
    check("kill9", "confirmed");
}

// I-09.
#[test]
fn records_of_several_slices_are_dead_letters() {
    let Some(dir) = data("validator-stream") else {
        return;
    };
    let decoder = evp(&dir);
    let mut rows = Rows::new(&decoder);
    let mut collect = Collect::default();
    for block in stream::blocks(&dir.join("mixed.confirmed.bin.zst")) {
        decoder.decode_block(&block, &mut rows, &mut collect);
    }
    assert_eq!(collect.dead.get("known"), Some(&518));
    let programs: Vec<_> = decoder.programs().map(|(_, id)| *id).collect();
    assert!(programs.contains(&key("EZKppoNQQHjeECjs6Q7BukFMEEzpPT9YRRmYmYSGynGw")));
}
