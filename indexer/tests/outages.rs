//! Outages of a whole simulated network's indexer that last longer than the server replays: RPC delivers the rest, and
//! the tables equal those of an indexer that never stopped (I-29).
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail by panicking"
)]

#[path = "common/engine.rs"]
mod engine;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use engine::TestEngine;
use hypernode_decoder::{Decoder, Keep, ProgramConfig, idl};
use hypernode_indexer::geyser::GeyserOptions;
use hypernode_indexer::pipeline::{
    IndexerStatus, LiveOptions, PipelineError, StatusHandle, run_live,
};
use hypernode_indexer::rpc::PoolOptions;
use hypernode_localnet::{Localnet, Options};
use hypernode_schemas::canonical;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Slots that the network's server replays.
const REPLAYED: u64 = 20;
const BLOCKS: &str = "SELECT slot, parent_slot, block_height, toUnixTimestamp(block_time) AS time, executed_transactions, \
    transactions, failed_transactions, proof FROM blocks ORDER BY slot";
/// The last slot that is confirmed: the network ends one later.
const LAST: u64 = 199;

fn decoder() -> Decoder {
    let labels = ["job_receipt", "node_registry"];
    let programs = labels.map(|label| {
        let json = hypernode_schemas::idl::text(label).expect("an IDL");
        let idl = idl::parse(label, "built-in", json.as_bytes()).expect("an IDL");
        let id = hypernode_schemas::localnet::program_id(label);
        ProgramConfig::new(label, id, idl)
    });
    let map = canonical::parse(canonical::TEXT).expect("map");
    Decoder::new(programs.to_vec(), &map, Keep::Matching).expect("decoder")
}

struct Run {
    status: StatusHandle,
    shutdown: CancellationToken,
    task: JoinHandle<Result<(), PipelineError>>,
}

impl Run {
    fn start(network: &Localnet, engine: &TestEngine) -> Self {
        let decoder = decoder();
        let ids = decoder.programs().map(|(_, id)| *id).collect();
        let mut geyser = GeyserOptions::new(network.geyser_url(), ids);
        geyser.from_slot = Some(1);
        let options = LiveOptions {
            geyser,
            source: "geyser".into(),
            accounts: None,
            wal: hypernode_indexer::WalOptions::default(),
            rpc: Some(PoolOptions {
                requests_per_second: 0.0,
                ..PoolOptions::new(vec![network.rpc_url()])
            }),
        };
        let (status, shutdown) = (StatusHandle::new(), CancellationToken::new());
        let task = tokio::spawn(run_live(
            options,
            Arc::new(decoder),
            engine.client.clone(),
            status.clone(),
            shutdown.clone(),
        ));
        Self {
            status,
            shutdown,
            task,
        }
    }

    async fn until(&self, what: impl FnMut(&IndexerStatus) -> bool) {
        let mut changes = self.status.subscribe();
        let reached = tokio::time::timeout(Duration::from_secs(120), changes.wait_for(what)).await;
        reached
            .unwrap_or_else(|_| panic!("not reached: {:?}", self.status.get()))
            .expect("running");
    }

    async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.expect("task").expect("orderly");
    }
}

async fn reach(network: &Localnet, slot: u64) {
    let mut tip = network.chain().watch();
    let reached = tip.wait_for(|tip| tip.0 >= slot);
    tokio::time::timeout(Duration::from_secs(120), reached)
        .await
        .expect("slots go on")
        .expect("a chain");
}

/// Rows and checksum of every table that holds rows by slot. `err` is in each source's own encoding.
async fn sums(engine: &TestEngine) -> Vec<String> {
    let tables = engine
        .text(
            "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree' \
             AND (name IN ('blocks', 'transactions', 'events', 'instructions', 'canonical_events', 'dead_letters') \
             OR name LIKE 'ev\\_%' OR name LIKE 'ix\\_%') ORDER BY name",
        )
        .await;
    let mut sums = Vec::new();
    for table in tables.lines() {
        let columns = match table {
            "transactions" => "* EXCEPT err, err != ''",
            // An empty block of a stream is proven by its count before it comes as a block.
            "blocks" => "* EXCEPT proof",
            _ => "*",
        };
        let sql =
            format!("SELECT count(), sum(cityHash64(*)) FROM (SELECT {columns} FROM `{table}`)");
        sums.push(format!("{table}: {}", engine.text(&sql).await));
    }
    sums
}

#[tokio::test(flavor = "multi_thread")]
async fn an_indexer_that_was_away_for_longer_than_the_server_replays_holds_what_one_holds_that_never_was()
 {
    let Some(engine) = engine::start(&decoder()).await else {
        return;
    };
    let other = engine::start(&decoder()).await.expect("a second engine");
    let data = tempfile::tempdir().expect("a folder");
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let network = Localnet::start(Options {
        geyser: any,
        rpc: any,
        rate: 60.0,
        slot_ms: 50,
        replay_slots: REPLAYED,
        last_slot: Some(LAST + 1),
        ..Options::new(data.path().to_owned())
    });
    let network = network.await.expect("a network");
    let clean = Run::start(&network, &other);
    let first = Run::start(&network, &engine);
    first.until(|status| status.as_of_slot >= 30).await;
    // Killed, not stopped.
    first.task.abort();
    let _ = first.task.await;
    let away = first.status.get().as_of_slot;
    reach(&network, away + 4 * REPLAYED).await;
    // Once more, while the hole is being filled.
    let second = Run::start(&network, &engine);
    second.until(|status| status.as_of_slot > away).await;
    second.task.abort();
    let _ = second.task.await;
    reach(&network, LAST).await;
    let third = Run::start(&network, &engine);
    // A stop stores the open window, but nothing that has to wait.
    let whole =
        |status: &IndexerStatus| status.proven_slot == LAST && status.as_of_slot >= LAST - 4;
    third.until(whole).await;
    third.stop().await;
    clean.until(whole).await;
    clean.stop().await;
    let ledger = "SELECT slot_lo, slot_hi, part, epoch, partial, blocks FROM ingest_ledger ORDER BY slot_lo, epoch";
    let report = format!(
        "ledger (first slot, last slot, part, epoch, partial, blocks):\n{}\nblocks:\n{}\nof the clean run:\n{}",
        engine.text(ledger).await,
        engine.text(BLOCKS).await,
        other.text(BLOCKS).await
    );
    let (ours, wanted) = (sums(&engine).await, sums(&other).await);
    assert_eq!(ours, wanted, "{report}");
    assert!(
        wanted.len() > 20 && !wanted[0].ends_with("\t0"),
        "{wanted:?}"
    );
    let covered =
        "SELECT min(slot_lo), max(slot_hi), sum(slot_hi - slot_lo + 1) FROM ingest_ledger";
    assert_eq!(engine.text(covered).await, format!("1\t{LAST}\t{LAST}"));
    let gaps = "SELECT count() > 0, countIf(state = 'filled') > 0 FROM gaps";
    assert_eq!(engine.text(gaps).await, "1\t1");
    network.shutdown().await;
}
