//! Programs whose interface changes at a slot.

use std::collections::HashMap;

use hypernode_decoder::chain::{Block, Pubkey};
use hypernode_decoder::{
    BlockStats, ConfigError, Decoder, IdlVersion, Keep, ProgramConfig, Rows, idl,
};
use serde_json::{Value, json};

use crate::support::build::{data_line, invoke, ix, success, tx};
use crate::support::native::{self, V};
use crate::support::{no_map, stream};

const PROGRAM: Pubkey = [40; 32];
const EVENT: [u8; 8] = [1; 8];
const CALL: [u8; 8] = [2; 8];

/// An IDL whose event `Tick` and instruction `tick` have these fields.
fn layout(fields: &Value) -> idl::Idl {
    let json = json!({
        "metadata": {"name": "clock", "version": "1.0.0", "spec": "0.1.0"},
        "instructions": [{"name": "tick", "discriminator": CALL, "accounts": [], "args": fields}],
        "events": [{"name": "Tick", "discriminator": EVENT}],
        "types": [{"name": "Tick", "type": {"kind": "struct", "fields": fields}},
            {"name": "Two", "type": {"kind": "enum", "variants": [{"name": "A"}, {"name": "B"}]}},
            {"name": "Three", "type": {"kind": "enum", "variants": [{"name": "A"}, {"name": "B"}, {"name": "C"}]}}],
    });
    idl::parse("clock", "clock.json", json.to_string().as_bytes()).expect("IDL")
}

fn config(versions: &[(u64, Value)]) -> ProgramConfig {
    let version = |(from_slot, fields): &(u64, Value)| IdlVersion {
        from_slot: *from_slot,
        idl: layout(fields),
    };
    ProgramConfig {
        label: "clock".into(),
        program_id: PROGRAM,
        versions: versions.iter().map(version).collect(),
    }
}

fn decoder(versions: &[(u64, Value)]) -> Decoder {
    Decoder::new(vec![config(versions)], &no_map(), Keep::Matching).expect("decoder")
}

/// A block in which `tick` is called with these bytes, and logs them as `Tick`.
fn block(slot: u64, body: &[u8]) -> Block {
    let record = [&EVENT, body].concat();
    let logs = [
        invoke(&PROGRAM, 1),
        data_line(&[&record]),
        success(&PROGRAM),
    ];
    let data = [&CALL, body].concat();
    let tx = tx(&[[9; 32], PROGRAM], vec![ix(1, &[], &data, None)], &logs);
    stream::block(slot, vec![tx])
}

struct Tables(HashMap<String, native::Block>);

impl Tables {
    fn of(decoder: &Decoder, blocks: &[Block]) -> (Self, BlockStats) {
        let mut rows = Rows::new(decoder);
        let mut last = BlockStats::default();
        for block in blocks {
            last = decoder.decode_block(block, &mut rows, &mut ());
        }
        let tables = rows.finish();
        let read = tables
            .into_iter()
            .map(|t| (t.table, native::read(&t.native)));
        (Self(read.collect()), last)
    }

    fn column(&self, table: &str, column: &str) -> &[V] {
        self.0.get(table).map_or(&[], |t| t[column].1.as_slice())
    }
}

fn number(n: u64) -> V {
    V::Fixed(n.to_le_bytes().into())
}

// I-21.
#[test]
fn old_slots_have_the_old_layout_and_new_ones_the_new() {
    let decoder = decoder(&[
        (
            10,
            json!([{"name": "a", "type": "u64"}, {"name": "b", "type": "u64"}]),
        ),
        (
            20,
            json!([{"name": "b", "type": "u64"}, {"name": "text", "type": "string"},
            {"name": "maybe", "type": {"option": "u64"}}, {"name": "a", "type": "u64"}]),
        ),
        (30, json!([{"name": "a", "type": "string"}])),
    ]);
    let names: Vec<&str> = decoder.tables().iter().map(|t| t.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "ev_clock_Tick",
            "ev_clock_Tick_failed",
            "ix_clock_tick",
            "ev_clock_Tick_v2",
            "ev_clock_Tick_v2_failed",
            "ix_clock_tick_v2"
        ]
    );
    let columns = |table: usize| -> Vec<&str> {
        let columns = &decoder.tables()[table].columns;
        columns.iter().skip(7).map(|c| c.name.as_str()).collect()
    };
    assert_eq!(columns(0), ["a", "b", "text", "maybe"]);
    assert_eq!(
        columns(2),
        [
            "result",
            "depth",
            "remaining_accounts",
            "a",
            "b",
            "text",
            "maybe"
        ]
    );
    assert_eq!(columns(3), ["a"]);

    let old = [1_u64.to_le_bytes(), 2_u64.to_le_bytes()].concat();
    let mut new = 4_u64.to_le_bytes().to_vec();
    new.extend([2, 0, 0, 0, b'h', b'i', 1]);
    new.extend(5_u64.to_le_bytes());
    new.extend(3_u64.to_le_bytes());
    let text = [3, 0, 0, 0, b'n', b'e', b'w'];
    let blocks = [
        block(19, &old),
        block(20, &new),
        block(29, &new),
        block(30, &text),
        block(1000, &text),
    ];
    let (tables, _) = Tables::of(&decoder, &blocks);
    for table in ["ev_clock_Tick", "ix_clock_tick"] {
        assert_eq!(tables.column(table, "a"), [1, 3, 3].map(number));
        assert_eq!(tables.column(table, "b"), [2, 4, 4].map(number));
        let hi = || V::Text(b"hi".into());
        assert_eq!(
            tables.column(table, "text"),
            [V::Text(Vec::new()), hi(), hi()]
        );
        assert_eq!(
            tables.column(table, "maybe"),
            [V::Null, number(5), number(5)]
        );
        assert_eq!(tables.column(table, "slot"), [19, 20, 29].map(number));
    }
    for table in ["ev_clock_Tick_v2", "ix_clock_tick_v2"] {
        let new = || V::Text(b"new".into());
        assert_eq!(tables.column(table, "a"), [new(), new()]);
        assert_eq!(tables.column(table, "slot"), [30, 1000].map(number));
    }
    assert_eq!(tables.column("events", "slot").len(), 5);
    assert_eq!(tables.column("instructions", "slot").len(), 5);
    assert!(tables.column("dead_letters", "slot").is_empty());
}

// I-21, I-22.
#[test]
fn before_the_first_version_nothing_is_guessed() {
    let decoder = decoder(&[(10, json!([{"name": "a", "type": "u64"}]))]);
    let body = 1_u64.to_le_bytes();
    let (tables, stats) = Tables::of(&decoder, &[block(9, &body)]);
    assert_eq!(
        (stats.events, stats.instructions, stats.dead_letters),
        (0, 0, 2)
    );
    let reasons = [(); 2].map(|()| V::Text(b"no_version".into()));
    assert_eq!(tables.column("dead_letters", "reason"), reasons);
    let via = ["log", "instruction"].map(|v| V::Name(v.into()));
    assert_eq!(tables.column("dead_letters", "via"), via);
    let (_, stats) = Tables::of(&decoder, &[block(10, &body)]);
    assert_eq!(
        (stats.events, stats.instructions, stats.dead_letters),
        (1, 1, 0)
    );
}

#[test]
fn an_enum_that_gains_a_value_keeps_its_table() {
    let of = |name: &str| json!([{"name": "e", "type": {"defined": {"name": name}}}]);
    let decoder = decoder(&[(0, of("Two")), (5, of("Three"))]);
    assert_eq!(decoder.tables().len(), 3);
    let (tables, _) = Tables::of(&decoder, &[block(4, &[1]), block(5, &[2])]);
    let names = ["B", "C"].map(|n| V::Name(n.into()));
    assert_eq!(tables.column("ev_clock_Tick", "e"), names);
}

#[test]
fn a_version_goes_by_a_number_that_is_free() {
    let event = |name: &str, kind: &str| json!({"name": name, "type": {"kind": "struct", "fields": [{"name": "a", "type": kind}]}});
    let idl = |kind: &str| {
        let json = json!({
            "metadata": {"name": "clock", "version": "1.0.0", "spec": "0.1.0"},
            "instructions": [],
            "events": [{"name": "T", "discriminator": [1]}, {"name": "T_v2", "discriminator": [2]}],
            "types": [event("T", kind), event("T_v2", "u8")],
        });
        idl::parse("x", "x.json", json.to_string().as_bytes()).expect("IDL")
    };
    let versions = [(0, "u8"), (1, "u16"), (2, "u32")];
    let config = ProgramConfig {
        label: "x".into(),
        program_id: PROGRAM,
        versions: versions
            .map(|(from_slot, kind)| IdlVersion {
                from_slot,
                idl: idl(kind),
            })
            .into(),
    };
    let decoder = Decoder::new(vec![config], &no_map(), Keep::Matching).expect("decoder");
    let names = decoder.tables().iter().map(|t| t.name.as_str());
    let names: Vec<&str> = names.filter(|n| !n.ends_with("_failed")).collect();
    assert_eq!(names, ["ev_x_T", "ev_x_T_v2", "ev_x_T_v3", "ev_x_T_v4"]);
}

#[test]
fn versions_must_ascend_and_there_must_be_one() {
    let refused = |versions: &[(u64, Value)]| {
        let built = Decoder::new(vec![config(versions)], &no_map(), Keep::Matching);
        built.map(|_| ()).expect_err("refused")
    };
    let fields = json!([]);
    assert_eq!(refused(&[]), ConfigError::NoVersion("clock".into()));
    for slots in [[5, 5], [6, 5]] {
        let error = refused(&slots.map(|slot| (slot, fields.clone())));
        let label = "clock".to_owned();
        assert_eq!(error, ConfigError::VersionOrder { label, slot: 5 });
    }
}

#[test]
fn rows_go_to_the_tables_that_the_database_has() {
    let mut decoder = decoder(&[(0, json!([{"name": "a", "type": "u8"}]))]);
    let actual = [
        ("ev_clock_Tick", "ev_clock_Tick_v2"),
        ("ix_clock_tick", "ix_clock_tick_v7"),
    ];
    let actual = actual.map(|(wanted, actual)| (wanted.to_owned(), actual.to_owned()));
    decoder.rename_tables(&actual.into());
    let names: Vec<&str> = decoder.tables().iter().map(|t| t.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "ev_clock_Tick_v2",
            "ev_clock_Tick_failed",
            "ix_clock_tick_v7"
        ]
    );
    let (tables, _) = Tables::of(&decoder, &[block(5, &[1])]);
    for table in ["ev_clock_Tick_v2", "ix_clock_tick_v7"] {
        assert_eq!(tables.column(table, "a"), [V::Fixed(vec![1])]);
    }
}
