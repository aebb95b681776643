//! Programs, blocks and the checks that hold for whatever was decoded.

use std::collections::HashSet;

use hypernode_decoder::chain::{Block, InnerGroup, Instruction, Pubkey, Transaction};
use hypernode_decoder::idl::{self, Idl};
use hypernode_decoder::{
    BlockStats, Decoder, Keep, Observer, Outcome, ProgramConfig, Record, Rows,
};
use hypernode_schemas::canonical::{CanonicalMap, VERSION};
use hypernode_schemas::table::TableRows;

use super::native::{self, V};

/// Anchor's self-CPI tag.
pub(super) const EVENT_TAG: [u8; 8] = [0xe4, 0x45, 0xa5, 0x2e, 0x51, 0xcb, 0x9a, 0x1d];

pub(super) fn parse(label: &str, json: &str) -> Idl {
    idl::parse(label, label, json.as_bytes()).expect("IDL")
}

pub(super) fn decoder(programs: Vec<(&str, Pubkey, Idl)>) -> Decoder {
    let configs = programs
        .into_iter()
        .map(|(label, id, idl)| config(label, id, idl))
        .collect();
    Decoder::new(configs, &no_map(), Keep::All).expect("decoder")
}

pub(super) fn config(label: &str, program_id: Pubkey, idl: Idl) -> ProgramConfig {
    ProgramConfig::new(label, program_id, idl)
}

pub(super) fn no_map() -> CanonicalMap {
    CanonicalMap {
        version: VERSION,
        maps: Vec::new(),
    }
}

pub(super) fn event_authority(program: &Pubkey) -> Pubkey {
    let program = solana_sdk::pubkey::Pubkey::new_from_array(*program);
    let found = solana_sdk::pubkey::Pubkey::find_program_address(&[b"__event_authority"], &program);
    found.0.to_bytes()
}

pub(super) fn block(transactions: Vec<Transaction>) -> Block {
    Block {
        slot: 5,
        parent_slot: 4,
        transactions,
        ..Block::default()
    }
}

pub(super) fn transaction(
    keys: Vec<Pubkey>,
    instructions: Vec<Instruction>,
    inner: Option<Vec<InnerGroup>>,
    logs: Option<Vec<String>>,
) -> Transaction {
    Transaction {
        signature: [7; 64],
        index: 0,
        version: 0,
        err: None,
        fee: 5000,
        compute_units: None,
        keys,
        signers: 1,
        instructions,
        inner,
        logs,
    }
}

/// A transaction in which `program` logs each record.
pub(super) fn logged(program: &Pubkey, records: &[&[u8]]) -> Transaction {
    let id = bs58::encode(program).into_string();
    let mut logs = vec![format!("Program {id} invoke [1]")];
    logs.extend(records.iter().map(|record| data_line(&[record])));
    logs.push(format!("Program {id} success"));
    let call = Instruction {
        program: 1,
        accounts: vec![0],
        ..Instruction::default()
    };
    transaction(
        vec![[1; 32], *program],
        vec![call],
        Some(Vec::new()),
        Some(logs),
    )
}

pub(super) fn data_line(segments: &[&[u8]]) -> String {
    let encode = |s: &&[u8]| base64_simd::STANDARD.encode_to_string(s);
    let parts: Vec<String> = segments.iter().map(encode).collect();
    format!("Program data: {}", parts.join(" "))
}

/// What a block came to.
pub(super) struct Decoded {
    pub(super) tables: Vec<TableRows>,
    pub(super) stats: BlockStats,
    /// Outcome of each record of a configured program, in execution order.
    pub(super) outcomes: Vec<Outcome>,
}

impl Decoded {
    pub(super) fn table(&self, name: &str) -> Option<&TableRows> {
        self.tables.iter().find(|t| t.table == name)
    }

    pub(super) fn rows(&self, name: &str) -> u64 {
        self.table(name).map_or(0, |t| t.rows)
    }

    /// Bytes of all tables.
    pub(super) fn size(&self) -> usize {
        self.tables.iter().map(|t| t.native.len()).sum()
    }
}

struct Watch {
    all: bool,
    outcomes: Vec<Outcome>,
}

impl Observer for Watch {
    fn wants_all(&self) -> bool {
        self.all
    }

    fn record(&mut self, record: &Record<'_>) {
        if record.label.is_some() {
            self.outcomes.push(record.outcome);
        }
    }
}

/// Decodes the block, twice, and checks what must hold for every block.
pub(super) fn decode(decoder: &Decoder, block: &Block, watch_all: bool) -> Decoded {
    let mut rows = Rows::new(decoder);
    let mut run = || {
        let mut watch = Watch {
            all: watch_all,
            outcomes: Vec::new(),
        };
        let stats = decoder.decode_block(block, &mut rows, &mut watch);
        Decoded {
            tables: rows.take(),
            stats,
            outcomes: watch.outcomes,
        }
    };
    let (first, again) = (run(), run());
    assert_eq!(
        first.tables, again.tables,
        "decoding again gives other rows"
    );
    assert_eq!(first.stats, again.stats);
    check(&first);
    first
}

/// Columns agree, every record is accounted for, no two rows have one identity.
fn check(decoded: &Decoded) {
    consistent(&decoded.tables);
    let mut places = HashSet::new();
    let kinds = ["events", "dead_letters", "instructions"];
    for table in decoded
        .tables
        .iter()
        .filter(|t| kinds.contains(&t.table.as_str()))
    {
        let columns = native::read(&table.native);
        for row in 0..table.rows as usize {
            let place = |name: &&str| {
                columns
                    .get(*name)
                    .map(|(_, values)| format!("{:?}", values[row]))
            };
            let names = ["tx_index", "outer_ix", "inner_ix", "ordinal", "via"];
            let place: Vec<_> = names.iter().map(place).collect();
            assert!(places.insert(place.clone()), "two rows at {place:?}");
        }
    }
    let stats = &decoded.stats;
    assert_eq!(decoded.rows("events"), u64::from(stats.events));
    assert_eq!(decoded.rows("dead_letters"), u64::from(stats.dead_letters));
    let good = |o: &&Outcome| matches!(o, Outcome::Decoded { .. });
    let decoded_records = decoded.outcomes.iter().filter(good).count();
    assert_eq!(decoded_records, stats.events as usize);
    assert!(decoded.outcomes.len() - decoded_records <= stats.dead_letters as usize);
}

/// All columns of each table have its number of rows.
pub(super) fn consistent(tables: &[TableRows]) {
    for table in tables {
        let columns = native::read(&table.native);
        let agree = |(_, values): &(String, Vec<V>)| values.len() as u64 == table.rows;
        assert!(columns.values().all(agree), "columns of {}", table.table);
    }
}

/// Bytes of the headers of all tables: names and types of columns.
pub(super) fn head_size(decoder: &Decoder) -> usize {
    let columns = decoder.tables().iter().flat_map(|t| &t.columns);
    4096 + columns
        .map(|c| c.name.len() + c.kind.len() + 20)
        .sum::<usize>()
}
