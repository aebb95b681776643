//! Our decoder over records of one program.

use hypernode_decoder::accounts::{
    AccountDecoder, AccountLayouts, AccountOutcome, AccountRows, AccountSource, AccountVersion,
};
use hypernode_decoder::chain::{Block, Instruction, Pubkey, Transaction};
use hypernode_decoder::{Decoder, Keep, Observer, Outcome, ProgramConfig, Record, Rows, idl};
use hypernode_decoder_differential::files;
use hypernode_decoder_differential::model::Idl;
use hypernode_schemas::canonical::{CanonicalMap, VERSION};
use hypernode_schemas::table::TableRows;

use crate::compare::Got;
use crate::native::{self, V};

fn config(idl: &Idl) -> ProgramConfig {
    let path = files::directory().join(format!("{}.json", idl.name));
    let json = std::fs::read(&path).expect("file");
    let parsed = idl::parse(&idl.name, &idl.name, &json).unwrap_or_else(|e| panic!("{e}"));
    ProgramConfig::new(idl.name.as_str(), idl.address, parsed)
}

/// The decoder of a generated IDL, compiled from its committed file.
pub(crate) fn decoder(idl: &Idl) -> Decoder {
    let map = CanonicalMap {
        version: VERSION,
        maps: Vec::new(),
    };
    Decoder::new(vec![config(idl)], &map, Keep::All).unwrap_or_else(|e| panic!("{e}"))
}

/// As [`decoder`], for accounts.
pub(crate) fn account_decoder(idl: &Idl) -> AccountDecoder {
    AccountDecoder::new(&[config(idl)], &AccountLayouts::default())
        .unwrap_or_else(|e| panic!("{e}"))
}

/// What became of records, and the rows of those that decoded.
pub(crate) struct Decoded {
    pub(crate) outcomes: Vec<Got>,
    pub(crate) tables: Vec<TableRows>,
}

impl Decoded {
    pub(crate) fn table(&self, name: &str) -> Option<native::Block> {
        let table = self.tables.iter().find(|t| t.table == name)?;
        Some(native::read(&table.native))
    }
}

#[derive(Default)]
struct Outcomes(Vec<Got>);

impl Observer for Outcomes {
    fn record(&mut self, record: &Record<'_>) {
        self.0.push(match record.outcome {
            Outcome::Decoded { trailing } => Got::Row(Some(trailing as usize)),
            _ => Got::Refused,
        });
    }
}

/// Decodes records that one instruction of the program logs.
pub(crate) fn logged(decoder: &Decoder, program: &Pubkey, records: &[Vec<u8>]) -> Decoded {
    let id = bs58::encode(program).into_string();
    let mut logs = vec![format!("Program {id} invoke [1]")];
    let line = |record: &Vec<u8>| {
        format!(
            "Program data: {}",
            base64_simd::STANDARD.encode_to_string(record)
        )
    };
    logs.extend(records.iter().map(line));
    logs.push(format!("Program {id} success"));
    let mut tx = transaction(program);
    tx.instructions = vec![call(&[])];
    tx.logs = Some(logs);
    run(decoder, tx)
}

/// Decodes calls of the program with these data, all in one transaction.
pub(crate) fn called(decoder: &Decoder, program: &Pubkey, data: &[Vec<u8>]) -> Decoded {
    let mut tx = transaction(program);
    tx.instructions = data.iter().map(|data| call(data)).collect();
    let mut decoded = run(decoder, tx);
    decoded.outcomes = vec![Got::Refused; data.len()];
    let kept = decoded.table("instructions").expect("rows");
    let number = |column: &str, row: usize| match &kept[column].1[row] {
        V::Fixed(bytes) => bytes.iter().rev().fold(0, |n, b| n << 8 | usize::from(*b)),
        other => panic!("{other:?}"),
    };
    for row in 0..kept["outer_ix"].1.len() {
        decoded.outcomes[number("outer_ix", row)] = Got::Row(Some(number("trailing", row)));
    }
    decoded
}

fn call(data: &[u8]) -> Instruction {
    Instruction {
        program: 1,
        accounts: (0..6).map(|i| i % 2).collect(),
        data: data.to_vec(),
        stack_height: Some(1),
    }
}

fn transaction(program: &Pubkey) -> Transaction {
    Transaction {
        signature: [7; 64],
        index: 0,
        version: 0,
        err: None,
        fee: 5000,
        compute_units: None,
        keys: vec![[1; 32], *program],
        signers: 1,
        instructions: Vec::new(),
        inner: Some(Vec::new()),
        logs: None,
    }
}

fn run(decoder: &Decoder, tx: Transaction) -> Decoded {
    let block = Block {
        slot: 5,
        parent_slot: 4,
        transactions: vec![tx],
        ..Block::default()
    };
    let (mut rows, mut outcomes) = (Rows::new(decoder), Outcomes::default());
    decoder.decode_block(&block, &mut rows, &mut outcomes);
    Decoded {
        outcomes: outcomes.0,
        tables: rows.finish(),
    }
}

/// Decodes accounts of the program with these contents.
pub(crate) fn accounts(
    decoder: &AccountDecoder,
    program: &Pubkey,
    contents: &[Vec<u8>],
) -> Decoded {
    let mut rows = AccountRows::new(decoder);
    let mut outcomes = Vec::new();
    for (slot, data) in contents.iter().enumerate() {
        let seen = AccountVersion {
            pubkey: &[4; 32],
            slot: slot as u64,
            write_version: 0,
            owner: program,
            lamports: 1,
            executable: false,
            signature: None,
            source: AccountSource::Stream,
            data,
        };
        outcomes.push(match decoder.decode(&seen, &mut rows) {
            AccountOutcome::Decoded => Got::Row(None),
            _ => Got::Refused,
        });
    }
    Decoded {
        outcomes,
        tables: rows.take(),
    }
}
