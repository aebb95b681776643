//! A network whose accounts cannot be had, or not fast enough: events and calls go on, and the slots say so (I-24).
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail by panicking"
)]

#[path = "common/door.rs"]
mod door;
#[path = "common/engine.rs"]
mod engine;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use door::Door;
use engine::TestEngine;
use hypernode_decoder::accounts::{AccountDecoder, AccountLayouts};
use hypernode_decoder::{Decoder, Keep, ProgramConfig, idl};
use hypernode_indexer::accounts::AccountOptions;
use hypernode_indexer::geyser::GeyserOptions;
use hypernode_indexer::pipeline::{
    IndexerStatus, LiveOptions, PipelineError, StatusHandle, run_live,
};
use hypernode_localnet::{Localnet, Options};
use hypernode_schemas::{accounts as map, canonical};
use hypernode_warehouse::{Client, migrate};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const LABEL: &str = "job_receipt";

/// A simulated network, an engine, and the indexer between them.
struct World {
    network: Localnet,
    engine: TestEngine,
    door: Door,
    status: StatusHandle,
    shutdown: CancellationToken,
    task: JoinHandle<Result<(), PipelineError>>,
    _data: tempfile::TempDir,
}

fn programs() -> Vec<ProgramConfig> {
    let program = |label: &str| {
        let json = hypernode_schemas::idl::text(label).expect("an IDL");
        let idl = idl::parse(label, "built-in", json.as_bytes()).expect("an IDL");
        let id = hypernode_schemas::localnet::program_id(label);
        ProgramConfig::new(label, id, idl)
    };
    vec![program(LABEL), program("node_registry")]
}

impl World {
    /// `None` where there is no engine. `accounts`: whether the server takes their filters.
    async fn start(accounts: bool, rpc: bool, queue_bytes: usize) -> Option<Self> {
        let map_of_events = canonical::parse(canonical::TEXT).expect("map");
        let decoder = Decoder::new(programs(), &map_of_events, Keep::Matching).expect("decoder");
        let layouts = AccountLayouts {
            map: map::parse(map::TEXT).expect("map"),
            ..AccountLayouts::default()
        };
        let of_accounts = AccountDecoder::new(&programs(), &layouts).expect("decoder");
        let engine = engine::start(&decoder).await?;
        migrate::evolve_tables(&engine.client, of_accounts.tables())
            .await
            .expect("tables");
        let data = tempfile::tempdir().expect("a folder");
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let network = Localnet::start(Options {
            geyser: any,
            rpc: any,
            rate: 60.0,
            slot_ms: 100,
            accounts,
            ..Options::new(data.path().to_owned())
        });
        let network = network.await.expect("a network");
        let door = Door::start(engine.engine.endpoint()).await;
        let ids = decoder.programs().map(|(_, id)| *id).collect();
        let (status, shutdown) = (StatusHandle::new(), CancellationToken::new());
        let options = LiveOptions {
            geyser: GeyserOptions::new(network.geyser_url(), ids),
            source: "geyser".to_owned(),
            wal: hypernode_indexer::WalOptions::default(),
            rpc: None,
            accounts: Some(AccountOptions {
                queue_bytes,
                ..AccountOptions::new(Arc::new(of_accounts), rpc.then(|| network.rpc_url()))
            }),
        };
        let task = tokio::spawn(run_live(
            options,
            Arc::new(decoder),
            Client::new(&door.endpoint).expect("client"),
            status.clone(),
            shutdown.clone(),
        ));
        Some(Self {
            network,
            engine,
            door,
            status,
            shutdown,
            task,
            _data: data,
        })
    }

    async fn until(&self, what: impl FnMut(&IndexerStatus) -> bool) -> IndexerStatus {
        let mut changes = self.status.subscribe();
        let reached = tokio::time::timeout(Duration::from_secs(90), changes.wait_for(what)).await;
        reached
            .unwrap_or_else(|_| panic!("not reached: {:?}", self.status.get()))
            .expect("running")
            .clone()
    }

    /// Waits for the answer of a query.
    async fn answers(&self, query: &str, wanted: &str) {
        let mut last = String::new();
        for _ in 0..450 {
            last = self.engine.text(query).await;
            if last == wanted {
                return;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        panic!("{query}: {last}, not {wanted}");
    }

    /// Waits until so many more slots are stored; they must hold events and calls.
    async fn goes_on(&self) {
        let from = self.status.get().as_of_slot;
        let to = self.until(|status| status.as_of_slot > from + 20).await;
        for table in ["events", "instructions"] {
            let to = to.as_of_slot;
            let query =
                format!("SELECT count() > 0 FROM {table} WHERE slot > {from} AND slot <= {to}");
            assert_eq!(self.engine.text(&query).await, "1", "{table}");
        }
    }

    /// Ends the run; what is stated of the slots then: (kind, reason), one after the other without hole or overlap.
    async fn stated(self) -> Vec<(String, String)> {
        self.shutdown.cancel();
        self.task.await.expect("task").expect("orderly");
        self.network.shutdown().await;
        let blocks = "SELECT max(slot) - min(slot) + 1 - count() FROM blocks";
        assert_eq!(self.engine.text(blocks).await, "0", "slots were left out");
        let query = format!(
            "SELECT slot_from, slot_to, kind, reason, 'x' FROM account_coverage FINAL \
             WHERE label = '{LABEL}' AND kind != 'snapshot' ORDER BY slot_from"
        );
        let text = self.engine.text(&query).await;
        let (mut next, mut stated) = (0, Vec::new());
        for line in text.lines() {
            let parts: Vec<&str> = line.split('\t').collect();
            let [from, to] = [0, 1].map(|i| parts[i].parse::<u64>().expect("a slot"));
            assert!(from == next && from <= to, "hole or overlap: {text}");
            next = to + 1;
            stated.push((parts[2].to_owned(), parts[3].to_owned()));
        }
        // To the end of the run: what was confirmed last is stated by the next one.
        let last = self.status.get().confirmed_slot;
        assert!(next + 20 > last, "{next} of {last}: {text}");
        stated
    }
}

fn unobserved(reason: &str) -> (String, String) {
    ("unobserved".to_owned(), reason.to_owned())
}

fn observed() -> (String, String) {
    ("observed".to_owned(), String::new())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_refuses_accounts_brings_everything_else() {
    for rpc in [true, false] {
        let Some(world) = World::start(false, rpc, 32 << 20).await else {
            return;
        };
        world.goes_on().await;
        let said = world
            .until(|status| {
                let accounts = &status.accounts;
                accounts.message.is_some() && (!rpc || accounts.snapshot_accounts > 0)
            })
            .await;
        let message = said.accounts.message.expect("why");
        assert!(message.contains("switched off"), "{message}");
        let versions = "SELECT count() > 0, countIf(source = 'stream') FROM account_versions";
        let wanted = if rpc { "1\t0" } else { "0\t0" };
        world.answers(versions, wanted).await;
        let stated = world.stated().await;
        assert_eq!(stated, [unobserved("the server sends no accounts")]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_endpoint_accounts_are_observed_from_the_streams_first_whole_slot_on() {
    let Some(world) = World::start(true, false, 32 << 20).await else {
        return;
    };
    world.goes_on().await;
    world
        .answers(
            "SELECT count() > 0, countIf(source != 'stream') FROM account_versions",
            "1\t0",
        )
        .await;
    let reason = "before the stream began (no rpc.url for a snapshot)";
    assert_eq!(world.stated().await, [unobserved(reason), observed()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn updates_that_come_too_fast_are_dropped_and_told_and_a_snapshot_mends_it() {
    let Some(world) = World::start(true, true, 64 << 10).await else {
        return;
    };
    let observed_now = format!(
        "SELECT argMax(kind, slot_to) FROM account_coverage FINAL WHERE label = '{LABEL}' AND kind != 'snapshot'"
    );
    world.answers(&observed_now, "observed").await;
    // Blocks hold the stream back where they are not taken; accounts do not.
    world.door.slow(Duration::from_secs(3), "account_versions");
    world.until(|status| status.accounts.dropped > 0).await;
    world.goes_on().await;
    world.door.slow(Duration::ZERO, "");
    world.goes_on().await;
    world.answers(&observed_now, "observed").await;
    let stated = world.stated().await;
    let dropped = unobserved("updates were dropped");
    assert_eq!(stated[0], unobserved("before the first snapshot"));
    assert!(
        stated[1..]
            .iter()
            .all(|row| *row == dropped || *row == observed()),
        "{stated:?}"
    );
    assert!(stated.contains(&dropped), "{stated:?}");
}
