//! Whatever a source sends, the decoder answers with rows that can be read.

use hypernode_decoder::chain::{InnerGroup, Instruction, Transaction};
use hypernode_decoder::report::Report;
use hypernode_decoder::{Decoder, Keep, ProgramConfig, Rows, idl};
use proptest::prelude::*;

use crate::support::build::{block_of, calls, data_line, failed, group, invoke, ix, success, tx};
use crate::support::{native, no_map, stream};

const A: [u8; 32] = [2; 32];
const B: [u8; 32] = [3; 32];
const TAG: [u8; 8] = [0xe4, 0x45, 0xa5, 0x2e, 0x51, 0xcb, 0x9a, 0x1d];

fn decoder() -> Decoder {
    let json = include_str!("zoo.idl.json");
    let program = |label: &str, program_id, json: &str| {
        let idl = idl::parse(label, label, json.as_bytes()).expect("IDL");
        ProgramConfig::new(label, program_id, idl)
    };
    let listed = json.replacen(
        r#""instructions": []"#,
        r#""instructions": [{"name": "go", "discriminator": [1, 2], "args": [{"name": "a", "type": "bool"}],
            "accounts": [{"name": "x"}, {"name": "y", "optional": true}]}]"#,
        1,
    );
    assert_ne!(listed, json);
    Decoder::new(
        vec![program("a", A, json), program("b", B, &listed)],
        &no_map(),
        Keep::Matching,
    )
    .expect("decoder")
}

fn record() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(|b| [
            &[1, 2, 3, 4, 5, 6, 7, 8],
            b.as_slice()
        ]
        .concat()),
        Just(vec![9]),
        prop::collection::vec(any::<u8>(), 0..12).prop_map(|b| [&[10, 1], b.as_slice()].concat()),
    ]
}

fn line() -> impl Strategy<Value = String> {
    let key = prop_oneof![Just(A), Just(B), Just([1; 32]), any::<[u8; 32]>()];
    prop_oneof![
        3 => (key.clone(), 0..6_usize).prop_map(|(k, d)| invoke(&k, d)),
        3 => key.clone().prop_map(|k| success(&k)),
        1 => key.prop_map(|k| failed(&k)),
        4 => record().prop_map(|r| data_line(&[&r])),
        1 => Just("Log truncated".to_owned()),
        2 => "Program (log|data|return|[A-Za-z0-9]{32,44}): ?.{0,30}",
        1 => "\\PC{0,60}",
    ]
}

fn instruction() -> impl Strategy<Value = Instruction> {
    let data = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..20),
        prop::collection::vec(any::<u8>(), 0..3).prop_map(|r| [&[1, 2][..], &r].concat()),
        record().prop_map(|r| [TAG.as_slice(), &r].concat()),
    ];
    let program = prop_oneof![4 => 0..4_u8, 1 => any::<u8>()];
    let accounts = prop::collection::vec(any::<u8>(), 0..4);
    (program, accounts, data, any::<Option<u32>>(), 1..8_u32).prop_map(
        |(program, accounts, data, odd, height)| Instruction {
            program,
            accounts,
            data,
            stack_height: if odd.is_some_and(|o| o % 4 == 0) {
                odd
            } else {
                Some(height)
            },
        },
    )
}

prop_compose! {
    fn transaction()(
        instructions in prop::collection::vec(instruction(), 0..5),
        inner in prop::option::of(prop::collection::vec((0..6_u8, prop::collection::vec(instruction(), 0..6)), 0..4)),
        logs in prop::option::of(prop::collection::vec(line(), 0..30)),
        (err, index, keys) in any::<(Option<Vec<u8>>, u32, bool)>(),
    ) -> Transaction {
        let keys: &[[u8; 32]] = if keys { &[[1; 32], A, B] } else { &[] };
        let mut tx = tx(keys, instructions, &[]);
        tx.inner = inner.map(|groups| {
            groups.into_iter().map(|(outer, instructions)| InnerGroup { outer, instructions }).collect()
        });
        tx.logs = logs;
        tx.err = err;
        tx.index = index;
        tx
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    // I-13, I-22.
    #[test]
    fn noise_becomes_rows_that_agree_with_each_other(txs in prop::collection::vec(transaction(), 0..4)) {
        let decoder = decoder();
        let block = stream::block(5, txs);
        let mut rows = Rows::new(&decoder);
        let stats = decoder.decode_block(&block, &mut rows, &mut Report::new());
        let (mut events, mut typed, mut dead) = (0, 0, 0);
        // Calls, those that did not decode, and those that are events.
        let (mut called, mut unexplained, mut emitted) = (0, 0, 0);
        for table in rows.finish() {
            let columns = native::read(&table.native);
            for (name, (_, values)) in &columns {
                prop_assert_eq!(values.len() as u64, table.rows, "{}.{}", table.table, name);
            }
            let via = |name: &str| {
                let via = columns.get("via").map_or(&[][..], |c| c.1.as_slice());
                via.iter().filter(|v| **v == native::V::Name(name.into())).count() as u64
            };
            unexplained += via("instruction");
            emitted += via("cpi");
            match table.table.as_str() {
                "instructions" => called = table.rows,
                "events" => events = table.rows,
                "dead_letters" => dead = table.rows,
                name if name.starts_with("ev_") => typed += table.rows,
                _ => {}
            }
        }
        prop_assert_eq!((events, dead), (u64::from(stats.events), u64::from(stats.dead_letters)));
        prop_assert_eq!(events, typed);
        prop_assert_eq!(called, u64::from(stats.instructions));
        prop_assert_eq!(called + unexplained + emitted, calls(&block, &[A, B]));
        // The same block again gives the same rows: nothing depends on what was decoded before.
        let mut again = Rows::new(&decoder);
        decoder.decode_block(&block, &mut again, &mut ());
        again.clear();
        decoder.decode_block(&block, &mut again, &mut ());
        let mut first = Rows::new(&decoder);
        decoder.decode_block(&block, &mut first, &mut ());
        prop_assert_eq!(first.finish(), again.finish());
    }

    // I-13.
    #[test]
    fn noise_is_no_idl(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = idl::parse("x", "x.json", &bytes);
    }

    /// An IDL with bytes changed, dropped or moved is refused or works; it never panics or hangs.
    #[test]
    fn damaged_idls_are_refused_or_work(
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0..4_u8, any::<prop::sample::Index>()), 1..4),
        record in record(),
    ) {
        let mut json = include_bytes!("zoo.idl.json").to_vec();
        for (at, what, other) in changes {
            let (at, other) = (at.index(json.len()), other.index(json.len()));
            match what {
                0 => json[at] = json[other],
                1 => { json.remove(at); }
                2 => json.swap(at, other),
                _ => { json.drain(at..json.len().min(at + other % 40)); }
            }
        }
        if let Ok(idl) = idl::parse("x", "x.json", &json) {
            let program = ProgramConfig::new("x", A, idl);
            if let Ok(decoder) = Decoder::new(vec![program], &no_map(), Keep::Matching) {
                let logs = [invoke(&A, 1), data_line(&[&record]), success(&A)];
                let ix = Instruction { program: 1, ..Instruction::default() };
                let mut rows = Rows::new(&decoder);
                decoder.decode_block(&stream::block(5, vec![tx(&[[1; 32], A], vec![ix], &logs)]), &mut rows, &mut ());
                prop_assert!(rows.rows() >= 3);
                prop_assert!(rows.take().iter().all(|t| t.rows == 1) && rows.is_empty());
            }
        }
    }
}

/// A source that lists an instruction's inner ones in two groups is wrong, but its rows still have places of their own.
#[test]
fn two_groups_of_one_instruction_share_no_place() {
    let decoder = decoder();
    let inner = || {
        group(
            0,
            vec![ix(1, &[], &[1], Some(2)), ix(1, &[], &[2], Some(2))],
        )
    };
    let mut tx = tx(&[[1; 32], A], vec![ix(1, &[], &[], None)], &[]);
    tx.inner = Some(vec![inner(), inner()]);
    let mut rows = Rows::new(&decoder);
    decoder.decode_block(&block_of(tx), &mut rows, &mut ());
    let tables = rows.finish();
    let calls = tables
        .iter()
        .find(|t| t.table == "instructions")
        .expect("rows");
    let places = &native::read(&calls.native)["inner_ix"].1;
    let place = |n: i32| native::V::Fixed(n.to_le_bytes().to_vec());
    assert_eq!(*places, [-1, 0, 1, 2, 3].map(place));
}
