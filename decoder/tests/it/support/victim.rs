//! A program with one event, and transactions that attack it.

use hypernode_decoder::chain::{InnerGroup, Instruction, Pubkey, Transaction};
use hypernode_decoder::{
    Decoder, Keep, Observer, Outcome, ProgramConfig, Record, Rows, TxOutcome, idl,
};

use super::build::{block_of, invoke, ix, success, tx};
use super::native::{self, V as Value};
use super::no_map;

pub(crate) const IDL: &str = r#"{
 "metadata": { "name": "victim", "version": "0.1.0", "spec": "0.1.0" },
 "instructions": [{ "name": "tick", "discriminator": [1, 1, 1, 1, 1, 1, 1, 1], "accounts": [], "args": [] }],
 "events": [{ "name": "Tick", "discriminator": [64, 130, 163, 177, 52, 156, 114, 131] }],
 "types": [{ "name": "Tick", "type": { "kind": "struct", "fields": [
   { "name": "seq", "type": "u64" }, { "name": "note", "type": "string" }] } }]
}"#;

pub(crate) const PAYER: Pubkey = [1; 32];
pub(crate) const VICTIM: Pubkey = [2; 32];
pub(crate) const OTHER: Pubkey = [3; 32];
/// Positions of the keys in every transaction here.
pub(crate) const V: u8 = 1;
pub(crate) const O: u8 = 2;
pub(crate) const AUTHORITY: u8 = 3;
pub(crate) const ED25519: u8 = 4;

pub(crate) const TAG: [u8; 8] = [0xe4, 0x45, 0xa5, 0x2e, 0x51, 0xcb, 0x9a, 0x1d];

pub(crate) fn keys() -> Vec<Pubkey> {
    let victim = solana_sdk::pubkey::Pubkey::new_from_array(VICTIM);
    let (authority, _) =
        solana_sdk::pubkey::Pubkey::find_program_address(&[b"__event_authority"], &victim);
    let ed25519 = solana_sdk::pubkey!("Ed25519SigVerify111111111111111111111111111");
    vec![
        PAYER,
        VICTIM,
        OTHER,
        authority.to_bytes(),
        ed25519.to_bytes(),
    ]
}

pub(crate) fn victim() -> Decoder {
    let idl = idl::parse("victim", "victim.json", IDL.as_bytes()).expect("IDL");
    let program = ProgramConfig::new("victim", VICTIM, idl);
    Decoder::new(vec![program], &no_map(), Keep::Matching).expect("decoder")
}

pub(crate) fn tick(seq: u64) -> Vec<u8> {
    let mut bytes = vec![64, 130, 163, 177, 52, 156, 114, 131];
    bytes.extend(seq.to_le_bytes());
    bytes.extend([2, 0, 0, 0]);
    bytes.extend(b"ok");
    bytes
}

pub(crate) fn tagged(seq: u64) -> Vec<u8> {
    [TAG.as_slice(), &tick(seq)].concat()
}

/// What became of a transaction.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Sequence number, outer, inner, ordinal of accepted events, in execution order.
    pub(crate) events: Vec<(u64, u16, i32, u32)>,
    pub(crate) dead: usize,
    pub(crate) suspects: usize,
    pub(crate) truncated: bool,
    pub(crate) mismatch: bool,
    pub(crate) missing: bool,
    /// Reasons in `dead_letters`.
    pub(crate) reasons: Vec<String>,
}

impl Observer for Seen {
    fn record(&mut self, record: &Record<'_>) {
        match record.outcome {
            Outcome::Decoded { .. } => {
                let seq = u64::from_le_bytes(record.data[8..16].try_into().expect("seq"));
                self.events
                    .push((seq, record.outer_ix, record.inner_ix, record.ordinal));
            }
            Outcome::DeadLetter => self.dead += 1,
            Outcome::Suspect => self.suspects += 1,
            Outcome::Unconfigured => panic!("not asked for"),
        }
    }

    fn transaction(&mut self, outcome: &TxOutcome<'_>) {
        self.truncated = outcome.log_truncated;
        self.mismatch = outcome.log_mismatch;
        self.missing = outcome.logs_missing;
    }
}

pub(crate) fn decode(tx: Transaction) -> Seen {
    let decoder = victim();
    let mut rows = Rows::new(&decoder);
    let mut seen = Seen::default();
    let (events, success) = (&mut 0, tx.err.is_none());
    decoder.decode_block(&block_of(tx), &mut rows, &mut seen);
    for table in rows.finish() {
        let block = native::read(&table.native);
        match table.table.as_str() {
            "dead_letters" => {
                let text = |v: &Value| match v {
                    Value::Text(t) => String::from_utf8_lossy(t).into_owned(),
                    other => panic!("{other:?}"),
                };
                seen.reasons = block["reason"].1.iter().map(text).collect();
            }
            "ev_victim_Tick" | "ev_victim_Tick_failed" => {
                assert_eq!(table.table == "ev_victim_Tick", success);
                *events += table.rows;
            }
            _ => {}
        }
    }
    assert_eq!(*events as usize, seen.events.len());
    seen
}

pub(crate) fn run(instructions: Vec<Instruction>, inner: Vec<InnerGroup>, logs: &[String]) -> Seen {
    let mut tx = tx(&keys(), instructions, logs);
    tx.inner = Some(inner);
    decode(tx)
}

pub(crate) fn call(program: u8) -> Instruction {
    ix(program, &[0], &[1; 8], None)
}

pub(crate) fn inner(program: u8, height: u32) -> Instruction {
    ix(program, &[0], &[1; 8], Some(height))
}

pub(crate) fn log(text: &str) -> String {
    format!("Program log: {text}")
}

/// One frame of the victim around these lines.
pub(crate) fn victim_logs(lines: Vec<String>) -> Seen {
    let mut logs = vec![invoke(&VICTIM, 1)];
    logs.extend(lines);
    logs.push(success(&VICTIM));
    run(vec![call(V)], vec![], &logs)
}

pub(crate) fn accepted(seen: &Seen) -> Vec<u64> {
    seen.events.iter().map(|e| e.0).collect()
}
