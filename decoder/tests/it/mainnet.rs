//! A real block decodes to the figures that were established independently of this code.

use std::collections::BTreeSet;

use hypernode_decoder::Rows;
use hypernode_decoder::report::Report;
use serde_json::Value;

use crate::support::build::calls;
use crate::support::native::{self, V};
use crate::support::{data, decoder, getblock, programs};

const SLOT: u64 = 254_170_887;

// I-22.
#[test]
fn block_254170887_reports_the_expected_figures() {
    let Some(dir) = data("mainnet-254170887") else {
        return;
    };
    let decoder = decoder(programs(
        &dir.join("idl"),
        &[
            ("jupiter_v6", "jupiter_v6.json", None),
            (
                "meteora_dlmm",
                "meteora_dlmm.json",
                Some("LBUZKhRxPF3XUpBCjp4YzTKgLccjZhTSDM9YuVaPwxo"),
            ),
            (
                "raydium_clmm",
                "raydium_clmm.json",
                Some("CAMMCzo5YL8w4VFF8KVHrK22GGUsp5VTaW7grrKgrWqK"),
            ),
        ],
    ));
    let packed = std::fs::read(dir.join("block.json.zst")).expect("block");
    let json = zstd::decode_all(packed.as_slice()).expect("zstd");
    let block = getblock::block(&json, SLOT);
    let mut rows = Rows::new(&decoder);
    let mut report = Report::new();
    let stats = decoder.decode_block(&block, &mut rows, &mut report);
    let expected: Value =
        serde_json::from_slice(&std::fs::read(dir.join("expected.json")).expect("expected"))
            .expect("JSON");
    let (mut got, mut want) = (report.to_json(), expected);
    assert_eq!(decoded(&mut got), decoded(&mut want));
    assert_eq!(got, want);
    assert_eq!(
        stats.mismatched, 0,
        "log and instructions agree in every real transaction"
    );
    assert_eq!(
        (stats.transactions, stats.events, stats.dead_letters),
        (602, 264, 0)
    );
    let tables = rows.finish();
    let events = tables.iter().find(|t| t.table == "events");
    let events = native::read(&events.expect("events").native);
    let by_cpi = events["via"]
        .1
        .iter()
        .filter(|v| **v == V::Name("cpi".into()));
    let ids: Vec<_> = decoder.programs().map(|(_, id)| *id).collect();
    assert_eq!(
        calls(&block, &ids),
        u64::from(stats.instructions) + by_cpi.count() as u64
    );
    let tables: Vec<(String, u64)> = tables.into_iter().map(|t| (t.table, t.rows)).collect();
    // In the order of the IDLs: events, then instructions.
    let expected_tables = [
        ("blocks", 1),
        ("transactions", 602),
        ("events", 264),
        ("instructions", 125),
        ("ev_jupiter_v6_FeeEvent_failed", 1),
        ("ev_jupiter_v6_SwapEvent", 36),
        ("ev_jupiter_v6_SwapEvent_failed", 173),
        ("ix_jupiter_v6_route", 66),
        ("ix_jupiter_v6_shared_accounts_route", 4),
        ("ev_meteora_dlmm_Swap", 7),
        ("ev_meteora_dlmm_Swap_failed", 18),
        ("ix_meteora_dlmm_swap", 25),
        ("ev_raydium_clmm_SwapEvent", 3),
        ("ev_raydium_clmm_SwapEvent_failed", 26),
        ("ix_raydium_clmm_swap", 30),
    ];
    assert_eq!(tables, expected_tables.map(|(t, n)| (t.to_owned(), n)));
}

/// Takes the list out of a report, as a set.
fn decoded(report: &mut Value) -> BTreeSet<String> {
    let list = report["decoded"].take();
    list.as_array()
        .expect("list")
        .iter()
        .map(Value::to_string)
        .collect()
}
