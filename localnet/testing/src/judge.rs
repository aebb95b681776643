//! What the real decoder, with our IDLs, makes of a transaction that the machine executed.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    reason = "it serves tests only"
)]

use hypernode_decoder::{
    Decoder, Keep, Observer, Outcome, ProgramConfig, Record, Rows, TxOutcome, Via, chain, idl,
};
use hypernode_localnet::svm::{Executed, programs};
use hypernode_schemas::{canonical, table::TableRows};
use solana_sdk::{instruction::Instruction, pubkey::Pubkey};

/// Outer instruction, inner instruction (-1 for the outer itself), number within it.
pub type Place = (u16, i32, u32);

/// A record as the decoder judged it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub label: String,
    pub via: Via,
    pub place: Place,
    pub data: Vec<u8>,
    pub outcome: Outcome,
}

/// What the decoder made of one transaction.
#[derive(Debug, Default)]
pub struct Verdict {
    pub records: Vec<Seen>,
    pub truncated: bool,
    pub mismatch: bool,
    pub tables: Vec<TableRows>,
}

impl Observer for Verdict {
    fn record(&mut self, record: &Record<'_>) {
        self.records.push(Seen {
            label: record.label.unwrap_or_default().to_owned(),
            via: record.via,
            place: (record.outer_ix, record.inner_ix, record.ordinal),
            data: record.data.to_vec(),
            outcome: record.outcome,
        });
    }

    fn transaction(&mut self, outcome: &TxOutcome<'_>) {
        self.truncated = outcome.log_truncated;
        self.mismatch = outcome.log_mismatch;
    }
}

impl Verdict {
    pub fn rows(&self, table: &str) -> u64 {
        self.tables
            .iter()
            .find(|rows| rows.table == table)
            .map_or(0, |rows| rows.rows)
    }

    /// A column of a table, value by value as ClickHouse's `Native` format holds it; no rows, no values.
    pub fn column(&self, table: &str, column: &str) -> Vec<Vec<u8>> {
        let Some(rows) = self.tables.iter().find(|rows| rows.table == table) else {
            return Vec::new();
        };
        let mut at = &rows.native[..];
        let columns = varint(&mut at);
        let count = varint(&mut at);
        for _ in 0..columns {
            let name = text(&mut at).to_vec();
            let kind = String::from_utf8(text(&mut at).to_vec()).unwrap();
            let values = (0..count).map(|_| value(&mut at, &kind)).collect();
            if name == column.as_bytes() {
                return values;
            }
        }
        panic!("{table} has no column {column}")
    }

    /// Events that were believed: label, place and bytes.
    pub fn believed(&self) -> Vec<(&str, Place, &[u8])> {
        let decoded = self
            .records
            .iter()
            .filter(|r| matches!(r.outcome, Outcome::Decoded { .. }));
        decoded
            .map(|r| (r.label.as_str(), r.place, r.data.as_slice()))
            .collect()
    }
}

/// A decoder of our programs at localnet's addresses.
pub fn decoder() -> Decoder {
    let labels = [
        "node_registry",
        "job_receipt",
        "payment_splitter",
        "hypernode_jobs",
    ];
    let configs = labels.map(|label| {
        let text = hypernode_schemas::idl::text(label).unwrap();
        let idl = idl::parse(label, label, text.as_bytes()).unwrap();
        ProgramConfig::new(label, programs::id(label).to_bytes(), idl)
    });
    Decoder::new(
        configs.to_vec(),
        &canonical::parse(canonical::TEXT).unwrap(),
        Keep::Matching,
    )
    .unwrap()
}

/// As a source would deliver it.
pub fn delivered(done: &Executed, outer: &[Instruction]) -> chain::Transaction {
    let keys: Vec<chain::Pubkey> = done
        .static_keys
        .iter()
        .chain(&done.loaded_writable)
        .chain(&done.loaded_readonly)
        .map(Pubkey::to_bytes)
        .collect();
    let index = |key: &Pubkey| {
        u8::try_from(keys.iter().position(|k| *k == key.to_bytes()).unwrap()).unwrap()
    };
    chain::Transaction {
        signature: <[u8; 64]>::try_from(done.signature.as_ref()).unwrap(),
        index: 0,
        version: done.version,
        err: done
            .err
            .as_ref()
            .map(|err| bincode::serialize(err).unwrap()),
        fee: done.fee,
        compute_units: Some(done.compute_units),
        signers: 1,
        instructions: outer
            .iter()
            .map(|i| chain::Instruction {
                program: index(&i.program_id),
                accounts: i.accounts.iter().map(|meta| index(&meta.pubkey)).collect(),
                data: i.data.clone(),
                stack_height: Some(1),
            })
            .collect(),
        inner: Some(
            done.inner
                .iter()
                .map(|(outer, group)| chain::InnerGroup {
                    outer: *outer,
                    instructions: group
                        .iter()
                        .map(|i| chain::Instruction {
                            program: i.program,
                            accounts: i.accounts.clone(),
                            data: i.data.clone(),
                            stack_height: Some(u32::from(i.stack_height)),
                        })
                        .collect(),
                })
                .collect(),
        ),
        logs: Some(done.logs.clone()),
        keys,
    }
}

pub fn judge(done: &Executed, outer: &[Instruction]) -> Verdict {
    let decoder = decoder();
    let mut rows = Rows::new(&decoder);
    let mut verdict = Verdict::default();
    let block = chain::Block {
        slot: 1,
        transactions: vec![delivered(done, outer)],
        ..chain::Block::default()
    };
    decoder.decode_block(&block, &mut rows, &mut verdict);
    verdict.tables = rows.finish();
    verdict
}

fn take<'a>(at: &mut &'a [u8], len: usize) -> &'a [u8] {
    let (taken, rest) = at.split_at(len);
    *at = rest;
    taken
}

fn varint(at: &mut &[u8]) -> usize {
    let mut value = 0;
    for shift in (0..).step_by(7) {
        let byte = take(at, 1)[0];
        value |= usize::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
    }
    value
}

fn text<'a>(at: &mut &'a [u8]) -> &'a [u8] {
    let len = varint(at);
    take(at, len)
}

fn value(at: &mut &[u8], kind: &str) -> Vec<u8> {
    let fixed = kind
        .strip_prefix("FixedString(")
        .and_then(|n| n.strip_suffix(')'));
    match (kind, fixed) {
        ("String", _) => text(at),
        (_, Some(len)) => take(at, len.parse().unwrap()),
        ("UInt64" | "Int64", _) => take(at, 8),
        ("UInt32" | "Int32" | "DateTime('UTC')", _) => take(at, 4),
        ("UInt16", _) => take(at, 2),
        _ if ["Bool", "UInt8"].contains(&kind) || kind.starts_with("Enum8(") => take(at, 1),
        _ => panic!("{kind} is not read here"),
    }
    .to_vec()
}
