//! I-27: once buffers have grown, decoding asks for no memory, whatever the records are.
#![allow(
    dead_code,
    clippy::expect_used,
    clippy::panic,
    reason = "shared helpers of tests, which fail by panicking"
)]

mod counting;
#[path = "../it/support/mod.rs"]
mod support;

use hypernode_decoder::chain::{Block, Transaction};
use hypernode_decoder::{BlockStats, Decoder, Rows};

use counting::allocations;
use support::build::{data_line, failed, group, invoke, ix, success, tx};
use support::victim::{AUTHORITY, O, OTHER, V, VICTIM, keys, tagged, tick, victim};
use support::{stream, twins};

/// Decodes the blocks until buffers have grown, then once more under the counter.
fn steady(decoder: &Decoder, blocks: &[Block]) -> BlockStats {
    let mut rows = Rows::new(decoder);
    let mut sums = BlockStats::default();
    let mut pass = |sums: &mut BlockStats| {
        for block in blocks {
            let stats = decoder.decode_block(block, &mut rows, &mut ());
            sums.events += stats.events;
            sums.instructions += stats.instructions;
            sums.dead_letters += stats.dead_letters;
            sums.failed_transactions += stats.failed_transactions;
            sums.truncated += stats.truncated;
            sums.mismatched += stats.mismatched;
        }
        rows.clear();
    };
    for _ in 0..3 {
        pass(&mut BlockStats::default());
    }
    let asked = allocations(|| pass(&mut sums));
    assert_eq!(asked, 0, "allocations in {} blocks: {sums:?}", blocks.len());
    sums
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(std::hint::black_box(vec![1_u8]))), 1);
    assert_eq!(allocations(|| ()), 0);
}

#[test]
fn events_calls_and_facts_cost_none() {
    for loud in [true, false] {
        let sums = steady(&twins::decoder(loud), &twins::blocks(loud));
        assert_eq!(sums.dead_letters, 0);
        assert!(sums.instructions > 0);
        assert_eq!(sums.events > 0, loud);
    }
}

/// One transaction of each kind that does not go well, and of each way to emit.
fn oddities() -> Vec<Transaction> {
    let line = |data: &[u8]| data_line(&[data]);
    let cut = &tick(1)[..12];
    let long: Vec<u8> = [tick(2), vec![9; 300]].concat();
    let call = |data: &[u8], height| ix(V, &[0], data, height);
    let framed = |lines: &[String]| {
        let mut log = vec![invoke(&VICTIM, 1)];
        log.extend_from_slice(lines);
        log.push(success(&VICTIM));
        log
    };
    let known = [1_u8; 8];
    let one = |lines: &[String]| tx(&keys(), vec![call(&known, None)], &framed(lines));
    let mut out = vec![
        one(&[
            line(&tick(3)),
            line(&long),
            line(cut),
            line(&[5; 40]),
            line(&[1, 2]),
            "Program data: *".into(),
            data_line(&[&tick(4)[..8], &tick(4)[8..]]),
        ]),
        // What stands behind the cut, and behind a line that fits nothing.
        one(&[line(&tick(5)), "Log truncated".into(), line(&tick(6))]),
        one(&[line(&tick(7)), success(&OTHER), line(&tick(8))]),
        // Calls that are none of the program's, or too short for one.
        tx(&keys(), vec![call(&[7; 30], None)], &framed(&[])),
        tx(&keys(), vec![call(&[7; 3], None)], &framed(&[])),
    ];
    // Self-calls: by the event authority, and without it.
    let nested = [
        invoke(&VICTIM, 1),
        invoke(&VICTIM, 2),
        success(&VICTIM),
        invoke(&VICTIM, 2),
        success(&VICTIM),
        invoke(&OTHER, 2),
        success(&OTHER),
        success(&VICTIM),
    ];
    let mut events = tx(&keys(), vec![call(&known, None)], &nested);
    events.inner = Some(vec![group(
        0,
        vec![
            ix(V, &[AUTHORITY], &tagged(9), Some(2)),
            ix(V, &[0], &tagged(10), Some(2)),
            ix(O, &[], &[], Some(2)),
        ],
    )]);
    out.push(events);
    let mut ended = tx(
        &keys(),
        vec![call(&known, None), call(&known, None)],
        &[invoke(&VICTIM, 1), line(&tick(11)), failed(&VICTIM)],
    );
    ended.err = Some(vec![8, 0, 0, 0, 0, 25, 0, 0, 0, 1, 0, 0, 0]);
    out.push(ended);
    let mut silent = one(&[]);
    silent.logs = None;
    out.push(silent);
    // Many records of one transaction, out of key order: sorting has to do without memory too.
    let many: Vec<String> = (0..60).map(|n| line(&tick(n))).collect();
    let mut disorder = tx(
        &keys(),
        vec![call(&known, None)],
        &[
            vec![invoke(&VICTIM, 1), invoke(&VICTIM, 2)],
            many.clone(),
            vec![success(&VICTIM)],
            many,
            vec![success(&VICTIM)],
        ]
        .concat(),
    );
    disorder.inner = Some(vec![group(0, vec![ix(V, &[0], &known, Some(2))])]);
    out.push(disorder);
    for (index, tx) in (0..).zip(&mut out) {
        tx.index = index;
    }
    out
}

#[test]
fn dead_letters_cost_none() {
    let sums = steady(&victim(), &[stream::block(5, oddities())]);
    assert!(sums.events >= 120, "{sums:?}");
    assert!(sums.dead_letters >= 8, "{sums:?}");
    assert_eq!(sums.failed_transactions, 1);
    assert_eq!(sums.truncated, 1);
    assert!(sums.mismatched >= 1, "{sums:?}");
}

#[test]
fn a_mainnet_block_costs_none() {
    let Some(dir) = support::data("mainnet-254170887") else {
        return;
    };
    let decoder = support::decoder(support::programs(
        &dir.join("idl"),
        &[
            ("jupiter_v6", "jupiter_v6.json", None),
            (
                "meteora_dlmm",
                "meteora_dlmm.json",
                Some("LBUZKhRxPF3XUpBCjp4YzTKgLccjZhTSDM9YuVaPwxo"),
            ),
        ],
    ));
    let packed = std::fs::read(dir.join("block.json.zst")).expect("block");
    let json = zstd::decode_all(packed.as_slice()).expect("zstd");
    let block = support::getblock::block(&json, 254_170_887);
    let sums = steady(&decoder, &[block]);
    assert!(sums.events > 200 && sums.instructions > 0, "{sums:?}");
}
