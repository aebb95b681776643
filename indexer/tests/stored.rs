//! Recordings through the whole pipeline into a real engine.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail by panicking"
)]

mod common;
#[path = "common/engine.rs"]
mod engine;
#[path = "common/truth.rs"]
mod truth;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use engine::TestEngine;
use hypernode_decoder::Decoder;
use hypernode_indexer::pipeline::{
    RecordingOptions, RecordingOutcome, StatusHandle, run_recording,
};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

async fn index(
    engine: &TestEngine,
    decoder: &Arc<Decoder>,
    options: RecordingOptions,
) -> RecordingOutcome {
    run_recording(
        options,
        Arc::clone(decoder),
        engine.client.clone(),
        StatusHandle::new(),
        CancellationToken::new(),
    )
    .await
    .expect("indexed")
}

fn mainnet() -> Option<(RecordingOptions, Arc<Decoder>, Value)> {
    let path = common::data("mainnet-254170887/block.json.zst")?;
    let folder = path.parent().expect("folder");
    let decoder = engine::decoder(
        &folder.join("idl"),
        &[
            ("jupiter_v6", "JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4"),
            (
                "meteora_dlmm",
                "LBUZKhRxPF3XUpBCjp4YzTKgLccjZhTSDM9YuVaPwxo",
            ),
            (
                "raydium_clmm",
                "CAMMCzo5YL8w4VFF8KVHrK22GGUsp5VTaW7grrKgrWqK",
            ),
        ],
    );
    let expected = std::fs::read(folder.join("expected.json")).expect("readable");
    let expected = serde_json::from_slice(&expected).expect("JSON");
    let mut options = RecordingOptions::new(path);
    options.slot = Some(254_170_887);
    Some((options, decoder, expected))
}

/// `decoded` is a set.
fn sorted(mut report: Value) -> Value {
    if let Some(list) = report["decoded"].as_array_mut() {
        list.sort_by_key(Value::to_string);
    }
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mainnet_block_gives_the_expected_report_and_is_stored_once() {
    let Some((options, decoder, expected)) = mainnet() else {
        return;
    };
    let Some(engine) = engine::start(&decoder).await else {
        return;
    };
    let first = index(&engine, &decoder, options.clone()).await;
    assert_eq!(sorted(first.report), sorted(expected.clone()));
    assert!(first.rows > 0 && first.gaps.is_empty() && first.damage.is_none());
    let contents = engine.contents().await;
    assert_eq!(
        engine
            .text("SELECT count(), countIf(not success) FROM transactions")
            .await,
        "602\t305"
    );
    assert_eq!(engine.text("SELECT count() FROM events").await, "264");
    assert_eq!(
        engine
            .text("SELECT slot_lo, slot_hi, partial, finalized_slot, blocks FROM ingest_ledger")
            .await,
        "254170887\t254170887\ttrue\t254170887\t1"
    );

    let second = index(&engine, &decoder, options).await;
    assert_eq!(sorted(second.report), sorted(expected));
    assert_eq!((second.rows, second.blocks), (0, 0));
    assert_eq!(engine.contents().await, contents);
    assert_eq!(engine.text("SELECT count() FROM ingest_ledger").await, "1");
}

fn mixed() -> Option<(RecordingOptions, Arc<Decoder>, PathBuf)> {
    let path = common::data("validator-stream/mixed.confirmed.bin.zst")?;
    let folder = path.parent().expect("folder").to_owned();
    let decoder = engine::decoder(&folder.join("idl"), &[]);
    Some((RecordingOptions::new(path), decoder, folder))
}

/// What a recording must come to.
struct Replay {
    stream: &'static str,
    truth: &'static str,
    /// The stream holds every transaction of the truth; else the truth is asked about those that it holds.
    whole: bool,
    least_events: usize,
}

/// Slot, position and outcome of every transaction, and every event field by field, are those that the validator's RPC
/// tells; set-up transactions are in the stream only.
async fn replays_to_its_truth(replay: Replay) -> Option<(TestEngine, RecordingOutcome)> {
    let path = common::data(&format!("validator-stream/{}", replay.stream))?;
    let folder = path.parent().expect("folder").to_owned();
    let decoder = engine::decoder(&folder.join("idl"), &[]);
    let engine = engine::start(&decoder).await?;
    let outcome = index(&engine, &decoder, RecordingOptions::new(&path)).await;
    assert!(outcome.gaps.is_empty() && outcome.damage.is_none());
    let file = folder.join(replay.truth);
    let sent = truth::believed_logs(&path);

    let mut places = truth::places(&file);
    if !replay.whole {
        places.retain(|signature, _| sent.contains_key(signature));
    }
    assert!(places.len() > 1_000, "{} transactions", places.len());
    let sql = "SELECT base58Encode(signature), slot, tx_index, success FROM transactions";
    let mut others = 0;
    for line in engine.text(sql).await.lines() {
        let (signature, place) = line.split_once('\t').expect("four columns");
        match places.remove(signature) {
            Some(expected) => assert_eq!(place, expected, "{signature}"),
            None => others += 1,
        }
    }
    assert!(
        places.is_empty(),
        "{} are missing: {places:?}",
        places.len()
    );
    assert!(others <= 4, "{others} that the truth does not know");

    let mut expected = truth::expected(&file, &sent);
    let total: usize = expected.values().map(Vec::len).sum();
    assert!(total > replay.least_events, "{total} events in the truth");
    let mut stored: BTreeMap<truth::Key, Vec<String>> = BTreeMap::new();
    for label in ["evp_A", "evp_B", "evp_C", "evp_D"] {
        for (event, columns) in truth::COLUMNS {
            let sql = format!(
                "SELECT base58Encode(signature), concat_ws('|', {columns}) FROM ev_{label}_{event}"
            );
            for line in engine.text(&sql).await.lines() {
                let (signature, fields) = line.split_once('\t').expect("two columns");
                let key = (signature.to_owned(), label.to_owned(), (*event).to_owned());
                stored.entry(key).or_default().push(fields.to_owned());
            }
        }
    }
    for lists in [&mut expected, &mut stored] {
        lists.values_mut().for_each(|list| list.sort());
    }
    let missing: Vec<_> = expected
        .iter()
        .filter(|(key, list)| stored.get(*key) != Some(list))
        .take(3)
        .collect();
    let forged: Vec<_> = stored
        .iter()
        .filter(|(key, list)| expected.get(*key) != Some(list))
        .take(3)
        .collect();
    assert!(
        missing.is_empty() && forged.is_empty(),
        "missing {missing:#?}\nforged or wrong {forged:#?}"
    );
    Some((engine, outcome))
}

// I-09, I-10.
#[tokio::test(flavor = "multi_thread")]
async fn every_event_that_must_decode_is_stored_field_by_field_and_no_forged_one() {
    let replay = Replay {
        stream: "mixed.confirmed.bin.zst",
        truth: "mixed.truth.jsonl.zst",
        whole: true,
        least_events: 14_000,
    };
    let Some((engine, outcome)) = replays_to_its_truth(replay).await else {
        return;
    };
    assert_eq!(outcome.blocks, 606);
    // What was executed but rolled back is kept apart.
    let failed = engine
        .text("SELECT count() FROM events WHERE not success")
        .await;
    assert_ne!(failed, "0");
    assert_ne!(engine.text("SELECT count() FROM dead_letters").await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_validator_that_was_killed_under_load_loses_nothing_at_confirmed() {
    let replay = Replay {
        stream: "kill9.confirmed.bin.zst",
        truth: "kill9.truth.jsonl.zst",
        whole: true,
        least_events: 1_000,
    };
    let Some((engine, _)) = replays_to_its_truth(replay).await else {
        return;
    };
    // The ghost slot.
    let ghosts = engine
        .text("SELECT count() FROM blocks WHERE slot = 1035")
        .await;
    assert_eq!(ghosts, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filtered_stream_gives_the_truth_of_what_it_holds() {
    let replay = Replay {
        stream: "mixed.filtered.bin.zst",
        truth: "mixed.truth.jsonl.zst",
        whole: false,
        least_events: 1_000,
    };
    replays_to_its_truth(replay).await;
}

// I-05, I-06, I-07.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_killed_anywhere_leaves_the_same_rows_as_one_that_is_not() {
    let Some((mut options, decoder, _)) = mixed() else {
        return;
    };
    options.window = 16;
    let Some(clean) = engine::start(&decoder).await else {
        return;
    };
    index(&clean, &decoder, options.clone()).await;
    let expected = clean.contents().await;
    drop(clean);

    let Some(engine) = engine::start(&decoder).await else {
        return;
    };
    for (target, die) in [
        (60, Die::Run),
        (170, Die::Run),
        (280, Die::Run),
        (400, Die::Engine),
    ] {
        let status = StatusHandle::new();
        let mut changes = status.subscribe();
        let run = tokio::spawn(run_recording(
            options.clone(),
            Arc::clone(&decoder),
            engine.client.clone(),
            status,
            CancellationToken::new(),
        ));
        // Some batches on, at no particular point between two of them.
        let reached = changes.wait_for(|status| status.as_of_slot >= target);
        let reached = tokio::time::timeout(Duration::from_secs(60), reached).await;
        if reached.expect("progress").is_err() {
            panic!("ended before slot {target}: {:?}", run.await);
        }
        tokio::time::sleep(Duration::from_millis(target % 50)).await;
        match die {
            // The process dies: nothing of it goes on.
            Die::Run => {
                assert!(!run.is_finished());
                run.abort();
                let _ = run.await;
            }
            // The engine dies under it: the run waits, and nothing is lost.
            Die::Engine => {
                let pid = engine.engine.pid().expect("a child").to_string();
                let killed = std::process::Command::new("kill")
                    .args(["-9", &pid])
                    .status();
                assert!(killed.expect("kill").success());
                assert!(!run.is_finished());
                let outcome = run.await.expect("task").expect("indexed");
                assert!(outcome.is_whole() && outcome.rows > 0);
                assert!(engine.engine.restarts() > 0);
            }
        }
    }
    let last = index(&engine, &decoder, options).await;
    assert_eq!((last.rows, last.gaps.len()), (0, 0));
    assert_eq!(engine.contents().await, expected);
}

/// What is killed.
enum Die {
    Run,
    Engine,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_stops_the_writing_and_is_reported() {
    let Some(path) = common::data("validator-stream/blocks.bin.zst") else {
        return;
    };
    let folder = path.parent().expect("folder");
    let decoder = engine::decoder(&folder.join("idl"), &[]);
    let Some(engine) = engine::start(&decoder).await else {
        return;
    };
    let dir = tempfile::tempdir().expect("directory");
    let cut = dir.path().join("cut.bin");
    let slot = truth::without_one_block(&path, &cut, 40);
    let outcome = index(&engine, &decoder, RecordingOptions::new(cut)).await;
    assert!(!outcome.is_whole());
    assert_eq!(
        outcome.report["gaps"],
        serde_json::json!([{ "from": slot, "to": slot }])
    );
    assert_eq!(outcome.blocks, 40);
    assert_eq!(
        engine.text("SELECT count(), max(slot) FROM blocks").await,
        format!("40\t{}", slot - 1)
    );
    // The whole recording fills it.
    let outcome = index(&engine, &decoder, RecordingOptions::new(path)).await;
    assert!(outcome.is_whole());
    assert_eq!(engine.text("SELECT count() FROM blocks").await, "91");
}
