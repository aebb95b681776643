//! An IDL with every type there is, on the real engine: its tables are made, and hold what was written.
#![allow(clippy::expect_used, reason = "a test may fail by panicking")]

mod common;
#[path = "common/engine.rs"]
mod engine;

use std::path::Path;

use hypernode_decoder::chain::{Block, Instruction, Transaction};
use hypernode_decoder::{Decoder, Keep, ProgramConfig, Rows, idl};
use hypernode_schemas::canonical;

/// Borsh by hand.
#[derive(Default)]
struct Bytes(Vec<u8>);

impl Bytes {
    fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend(bytes);
        self
    }

    fn len(self, count: u32) -> Self {
        self.raw(&count.to_le_bytes())
    }

    fn text(self, text: &str) -> Self {
        self.len(text.len() as u32).raw(text.as_bytes())
    }

    fn u16s(self, values: &[u16]) -> Self {
        values.iter().fold(self, |b, v| b.raw(&v.to_le_bytes()))
    }

    fn u64(self, value: u64) -> Self {
        self.raw(&value.to_le_bytes())
    }
}

/// A value of every field of the event `Farm`, and how ClickHouse shows it.
fn farm() -> (Vec<u8>, Vec<(&'static str, &'static str)>) {
    let bytes = Bytes(vec![11, 1, 1]);
    let bytes = bytes.raw(&[1]).text("a"); // pair
    let bytes = bytes.u16s(&[1, 2, 3]); // fixed
    let bytes = bytes.len(7).len(1).len(8).raw(&[1]).len(9).raw(&[0]); // nest
    let bytes = bytes.raw(&[1]).len(2).raw(&[0, 1]); // either
    let bytes = bytes.len(2).raw(&[0, 5, 2]); // eithers
    let bytes = bytes.len(0).raw(&[0xff; 32]); // maybe_key
    let bytes = bytes.len(2).len(1).u16s(&[1, 2]).len(0).u16s(&[3, 4]); // coptions
    let bytes = bytes.raw(&[1]).text("b").raw(&[1]); // tuple
    let bytes = bytes.len(1).text("k").u64(2); // map
    let bytes = bytes.len(1).raw(&[3]).len(1).u16s(&[4]); // tree
    let bytes = bytes.len(1).len(5).len(0); // set, tree_set
    let mut one = [0; 32];
    one[0] = 1;
    let bytes = bytes.raw(&one).raw(&[0xff; 32]); // big, signed_big
    let bytes = bytes.raw(&[1, 1, 0]); // deep
    let bytes = bytes.u16s(&[1, 2, 3, 4]).text("x").text("y"); // matrix, words
    let bytes = bytes.raw(&[1]).u64(1).raw(&[0, 1]).u64(2); // options
    let bytes = bytes.len(1).len(2).len(1).raw(&[1]).len(0); // vecs
    let bytes = bytes
        .len(1)
        .raw(&1.5_f32.to_le_bytes())
        .raw(&2.5_f64.to_le_bytes()); // floats
    let bytes = bytes.u64(6).len(7); // wrapped, never_zero
    let shown = vec![
        ("pair", "(1,'a')"),
        ("fixed", "([1,2,3])"),
        ("nest", "((7,[8]),([9,NULL]))"),
        ("either", "('Right',NULL,[['Bid','Ask']])"),
        ("eithers", "[('Left',5,[]),('Neither',NULL,[])]"),
        ("maybe_key", "\\N"),
        ("coptions", "[[[1,2]],[]]"),
        ("tuple", "(1,('b',true))"),
        ("map", "[('k',2)]"),
        ("tree", "[(3,[4])]"),
        ("set", "[5]"),
        ("tree_set", "[]"),
        ("big", "1"),
        ("signed_big", "-1"),
        ("deep", "[[NULL]]"),
        ("matrix", "[[1,2],[3,4]]"),
        ("words", "['x','y']"),
        ("options", "[1,NULL,2]"),
        ("vecs", "[[[1],[]]]"),
        ("floats", "[(1.5,2.5)]"),
        ("wrapped", "(6)"),
        ("unit", "0"),
        ("never_zero", "7"),
    ];
    (bytes.0, shown)
}

/// A memory image with padding (0xee) in every gap.
fn memory() -> (Vec<u8>, Vec<(&'static str, &'static str)>) {
    let inner = |b: Bytes, x: u8| b.raw(&[x, 0, 0, 0, 1, 0xee, 0xee, 0xee]);
    let raw = |b: Bytes| {
        let b = b
            .raw(&[1])
            .raw(&[0xee; 7])
            .u64(2)
            .u16s(&[3])
            .raw(&[0xee; 2]);
        inner(inner(inner(b, 4), 5), 6).raw(&[0xee; 4])
    };
    let bytes = raw(Bytes(vec![12]));
    let bytes = bytes.raw(&[7]).u64(8).u64(0); // packed
    let bytes = bytes.u64(9).raw(b"01234567").raw(&[0xff; 16]); // pod
    let bytes = raw(bytes.u64(10).len(1)); // thin, raws
    let shown = vec![
        ("raw", "(1,2,3,(4,'Ask'),[(5,'Ask'),(6,'Ask')])"),
        ("packed", "(7,8)"),
        ("pod", "(9,'01234567',-1)"),
        ("thin", "(10)"),
        ("raws", "[(1,2,3,(4,'Ask'),[(5,'Ask'),(6,'Ask')])]"),
    ];
    (bytes.0, shown)
}

fn block(program: [u8; 32], records: &[&[u8]]) -> Block {
    let id = bs58::encode(program).into_string();
    let mut logs = vec![format!("Program {id} invoke [1]")];
    logs.extend(records.iter().map(|record| {
        let text = base64_simd::STANDARD.encode_to_string(record);
        format!("Program data: {text}")
    }));
    logs.push(format!("Program {id} success"));
    Block {
        slot: 5,
        parent_slot: 4,
        transactions: vec![Transaction {
            signature: [7; 64],
            index: 0,
            version: 0,
            err: None,
            fee: 5000,
            compute_units: Some(1),
            keys: vec![[1; 32], program],
            signers: 1,
            instructions: vec![Instruction {
                program: 1,
                accounts: Vec::new(),
                data: Vec::new(),
                stack_height: None,
            }],
            inner: Some(Vec::new()),
            logs: Some(logs),
        }],
        ..Block::default()
    }
}

#[tokio::test]
async fn every_type_is_stored_as_it_was_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../decoder/tests/it");
    let file = std::fs::read(folder.join("zoo.idl.json")).expect("IDL");
    let idl = idl::parse("zoo", "zoo.idl.json", &file).expect("IDL");
    let program = idl.address().expect("address");
    let map = canonical::CanonicalMap {
        version: canonical::VERSION,
        maps: Vec::new(),
    };
    let programs = vec![ProgramConfig::new("zoo", program, idl)];
    let decoder = Decoder::new(programs, &map, Keep::All).expect("decoder");
    let Some(t) = engine::start(&decoder).await else {
        return;
    };
    let (farm, memory) = (farm(), memory());
    let mut rows = Rows::new(&decoder);
    let stats = decoder.decode_block(&block(program, &[&farm.0, &memory.0]), &mut rows, &mut ());
    assert_eq!(
        (stats.events, stats.dead_letters, stats.trailing),
        (2, 0, 0)
    );
    for table in rows.finish() {
        let insert = t
            .client
            .insert_native(&table.table, table.native, &table.table);
        insert.await.expect("insert");
    }
    for (table, columns) in [("ev_zoo_Farm", farm.1), ("ev_zoo_Memory", memory.1)] {
        for (column, want) in columns {
            let sql = format!("SELECT toString(`{column}`) FROM {table} FORMAT TabSeparatedRaw");
            assert_eq!(t.text(&sql).await, want, "{table}.{column}");
        }
    }
}
