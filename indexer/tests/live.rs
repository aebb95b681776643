//! A live stream through the whole pipeline into a real engine: restarts of every part, and nothing lost or doubled.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail by panicking"
)]

#[path = "common/door.rs"]
mod door;
#[path = "common/engine.rs"]
mod engine;
#[path = "common/geyser.rs"]
mod scripted;

use std::sync::Arc;
use std::time::{Duration, Instant};

use door::Door;
use engine::TestEngine;
use hypernode_decoder::Decoder;
use hypernode_indexer::WalOptions;
use hypernode_indexer::bench::synthetic;
use hypernode_indexer::geyser::GeyserOptions;
use hypernode_indexer::pipeline::{
    IndexerStatus, LiveOptions, PipelineError, State, StatusHandle, run_live,
};
use hypernode_warehouse::Client;
use scripted::{Scripted, Session, blocks};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::Status;

struct Live {
    status: StatusHandle,
    shutdown: CancellationToken,
    task: JoinHandle<Result<(), PipelineError>>,
}

impl Live {
    fn start(server: &Scripted, decoder: &Arc<Decoder>, client: Client) -> Self {
        Self::start_with(server, decoder, client, WalOptions::default())
    }

    fn start_with(
        server: &Scripted,
        decoder: &Arc<Decoder>,
        client: Client,
        wal: WalOptions,
    ) -> Self {
        let mut geyser = GeyserOptions::new(server.url(), vec![[1; 32]]);
        geyser.first_pause = Duration::from_millis(10);
        let (status, shutdown) = (StatusHandle::new(), CancellationToken::new());
        let options = LiveOptions {
            geyser,
            source: "geyser".into(),
            wal,
            accounts: None,
            rpc: None,
        };
        let task = tokio::spawn(run_live(
            options,
            Arc::clone(decoder),
            client,
            status.clone(),
            shutdown.clone(),
        ));
        Self {
            status,
            shutdown,
            task,
        }
    }

    async fn until(&self, what: impl FnMut(&IndexerStatus) -> bool) -> IndexerStatus {
        let mut changes = self.status.subscribe();
        let reached = tokio::time::timeout(Duration::from_secs(60), changes.wait_for(what)).await;
        reached
            .unwrap_or_else(|_| panic!("not reached: {:?}", self.status.get()))
            .expect("running")
            .clone()
    }

    async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.expect("task").expect("orderly");
        assert_eq!(self.status.get().state, State::Stopped);
    }
}

async fn slots(engine: &TestEngine) -> Vec<u64> {
    let text = engine.text("SELECT slot FROM blocks ORDER BY slot").await;
    text.lines()
        .map(|line| line.parse().expect("a slot"))
        .collect()
}

/// Ranges, which must follow each other.
async fn ledger(engine: &TestEngine) -> Vec<(u64, u64, bool)> {
    let text = engine
        .text("SELECT slot_lo, slot_hi, partial FROM ingest_ledger ORDER BY slot_lo")
        .await;
    let rows: Vec<(u64, u64, bool)> = text
        .lines()
        .map(|line| {
            let mut parts = line.split('\t');
            let mut next = || parts.next().expect("a column");
            (
                next().parse().expect("lo"),
                next().parse().expect("hi"),
                next() == "true",
            )
        })
        .collect();
    assert!(
        rows.windows(2).all(|pair| pair[0].1 + 1 == pair[1].0),
        "{rows:?}"
    );
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn stream_and_indexer_restart_and_the_chain_goes_on_without_hole_or_double() {
    let decoder = Arc::new(synthetic::decoder().expect("decoder"));
    let Some(engine) = engine::start(&decoder).await else {
        return;
    };
    let server = Scripted::start(vec![
        Session::Send(blocks(100..120), Some(Status::unavailable("restarting"))),
        Session::Send(blocks(116..140), None),
        Session::Send(blocks(136..151), None),
    ])
    .await;
    let live = Live::start(&server, &decoder, engine.client.clone());
    let status = live
        .until(|status| status.as_of_slot >= 135 && status.proven_slot == 139)
        .await;
    assert_eq!((status.state, status.reconnects), (State::Running, 1));
    live.stop().await;
    assert_eq!(slots(&engine).await, (100..140).collect::<Vec<_>>());
    assert_eq!(
        ledger(&engine).await.last().map(|row| (row.1, row.2)),
        Some((139, false))
    );

    let live = Live::start(&server, &decoder, engine.client.clone());
    live.until(|status| status.proven_slot == 150).await;
    live.stop().await;
    assert_eq!(slots(&engine).await, (100..151).collect::<Vec<_>>());
    // One row or several: what waits is stored together.
    assert_eq!(
        ledger(&engine).await.last().map(|row| (row.1, row.2)),
        Some((150, true))
    );
    let from: Vec<_> = server.asked().iter().map(|asked| asked.from_slot).collect();
    // What is still on its way to the decoder when the stream breaks is asked for again.
    assert!(from[1].is_some_and(|slot| slot <= 116), "{from:?}");
    assert_eq!((from[0], from[2]), (None, Some(136)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_clickhouse_does_not_take_waits_until_it_does() {
    let decoder = Arc::new(synthetic::decoder().expect("decoder"));
    let Some(engine) = engine::start(&decoder).await else {
        return;
    };
    let door = Door::start(engine.engine.endpoint()).await;
    let client = Client::new(&door.endpoint).expect("client");
    let server = Scripted::start(vec![Session::Send(blocks(100..300), None)]).await;

    // Absent from the start.
    door.shut();
    let live = Live::start(&server, &decoder, client);
    let waiting = live
        .until(|status| status.state == State::WaitingForWarehouse)
        .await;
    assert!(waiting.retry_at.is_some());
    assert!(waiting.message.expect("why").contains("next try at"));
    door.open();
    live.until(|status| status.as_of_slot >= 120).await;
    // Absent while rows flow.
    door.shut();
    let server_goes_on = live.until(|status| status.state != State::Starting).await;
    assert!(server_goes_on.as_of_slot >= 120);
    tokio::time::sleep(Duration::from_millis(500)).await;
    door.open();
    live.until(|status| status.as_of_slot >= 295).await;
    live.stop().await;
    assert_eq!(slots(&engine).await, (100..300).collect::<Vec<_>>());
    ledger(&engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_does_not_wait_for_what_a_slow_clickhouse_has_not_taken() {
    let decoder = Arc::new(synthetic::decoder().expect("decoder"));
    let Some(engine) = engine::start(&decoder).await else {
        return;
    };
    let door = Door::start(engine.engine.endpoint()).await;
    let client = Client::new(&door.endpoint).expect("client");
    let server = Scripted::start(vec![
        Session::Send(blocks(100..400), None),
        Session::Send(blocks(100..400), None),
    ])
    .await;
    door.slow(Duration::from_millis(150), "");
    let live = Live::start(&server, &decoder, client.clone());
    let before = live.until(|status| status.as_of_slot >= 103).await;
    let begun = Instant::now();
    live.until(|status| status.as_of_slot > before.as_of_slot)
        .await;
    let batch = begun.elapsed();
    let stopping = Instant::now();
    let status = live.status.clone();
    live.stop().await;
    // The batch under way, the one inserted ahead of it, and what fits into the time for stopping.
    let took = stopping.elapsed();
    assert!(
        took < Duration::from_secs(6) + 2 * batch,
        "{took:?}, a batch {batch:?}"
    );
    let stored = status.get().as_of_slot;
    assert!(stored < 300, "too fast to show anything: {stored}");
    ledger(&engine).await;

    door.slow(Duration::ZERO, "");
    let live = Live::start(&server, &decoder, client);
    live.until(|status| status.proven_slot == 399).await;
    live.stop().await;
    assert_eq!(slots(&engine).await, (100..400).collect::<Vec<_>>());
    ledger(&engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hole_that_nobody_fills_stalls_and_says_so() {
    let decoder = Arc::new(synthetic::decoder().expect("decoder"));
    let Some(engine) = engine::start(&decoder).await else {
        return;
    };
    let server = Scripted::start(vec![
        Session::Send(blocks((100..110).chain(111..130)), None),
        Session::Send(vec![], Some(Status::out_of_range("last available: 125"))),
        Session::Send(blocks(125..140), None),
    ])
    .await;
    let live = Live::start(&server, &decoder, engine.client.clone());
    let stalled = live
        .until(|status| status.state == State::Stalled && status.seen_slot >= 139)
        .await;
    assert_eq!(stalled.gap.map(|gap| gap.after), Some(109));
    live.stop().await;
    assert_eq!(slots(&engine).await, (100..110).collect::<Vec<_>>());
    assert_eq!(server.asked()[1].from_slot, Some(106));
    assert_eq!(server.asked()[2].from_slot, Some(125));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_token_ends_the_run_with_a_clear_error() {
    let decoder = Arc::new(synthetic::decoder().expect("decoder"));
    let Some(engine) = engine::start(&decoder).await else {
        return;
    };
    let server = Scripted::start(vec![
        Session::Send(blocks(100..112), None),
        Session::Refuse(Status::unauthenticated("No valid auth token")),
    ])
    .await;
    let live = Live::start(&server, &decoder, engine.client.clone());
    live.until(|status| status.proven_slot == 111).await;
    live.stop().await;
    let live = Live::start(&server, &decoder, engine.client.clone());
    let error = live.task.await.expect("task").expect_err("refused");
    assert!(error.to_string().contains("x-token"), "{error}");
}

// I-28.
#[tokio::test(flavor = "multi_thread")]
async fn a_confirmed_slot_that_dies_is_taken_back_and_the_other_branch_is_stored() {
    let decoder = Arc::new(synthetic::decoder().expect("decoder"));
    let Some(engine) = engine::start(&decoder).await else {
        return;
    };
    // Slots 100 to 113 are stored up to 111; then 107 dies, and the chain goes on from 106 by 109.
    let mut first = blocks(100..114);
    first.push(scripted::dead(107));
    first.extend(scripted::block_after(109, 106));
    first.extend(blocks(110..118));
    // After a restart what was stored before it dies: the machine knows the blocks of before.
    let mut second = blocks(112..116);
    second.push(scripted::dead(112));
    second.extend(scripted::block_after(113, 111));
    second.extend(blocks(114..121));
    let server = Scripted::start(vec![
        Session::Send(first, None),
        Session::Send(second, None),
    ])
    .await;
    let live = Live::start(&server, &decoder, engine.client.clone());
    let status = live
        .until(|status| status.as_of_slot >= 115 && status.proven_slot == 117)
        .await;
    assert_eq!((status.retracted, status.state), (7, State::Running));
    live.stop().await;
    let mut expected: Vec<u64> = (100..107).chain(109..118).collect();
    assert_eq!(slots(&engine).await, expected);
    assert_eq!(
        ledger(&engine).await.last().map(|row| (row.1, row.2)),
        Some((117, true))
    );

    let live = Live::start(&server, &decoder, engine.client.clone());
    live.until(|status| status.proven_slot == 120).await;
    live.stop().await;
    expected.retain(|slot| *slot < 112);
    expected.extend(113..121);
    assert_eq!(slots(&engine).await, expected);
    // What stays is cut where the branches part; how many windows one row holds depends on what waited.
    let rows = ledger(&engine).await;
    let last = rows.last().map(|row| (row.1, row.2));
    assert_eq!((rows[0].0, last), (100, Some((120, true))), "{rows:?}");
    for cut in [106, 111] {
        assert!(rows.iter().any(|row| row.1 == cut), "{rows:?}");
    }
    let retracted = engine
        .text("SELECT slot_lo, slot_hi, head_slot, reason FROM retractions ORDER BY seq")
        .await;
    assert_eq!(retracted, "107\t113\t106\tfork\n112\t117\t111\tfork");
}

/// I-32: ClickHouse away for longer than memory lasts; on its return everything is stored, in order and once.
#[tokio::test(flavor = "multi_thread")]
async fn what_memory_does_not_hold_waits_on_disk_until_clickhouse_is_back() {
    let decoder = Arc::new(synthetic::decoder().expect("decoder"));
    let Some(engine) = engine::start(&decoder).await else {
        return;
    };
    let folder = tempfile::tempdir().expect("folder");
    let wal = || WalOptions {
        messages: 20,
        ..WalOptions::new(folder.path(), 64 << 20)
    };
    let door = Door::start(engine.engine.endpoint()).await;
    let client = Client::new(&door.endpoint).expect("client");
    let server = Scripted::start(vec![
        Session::Send(blocks(100..110), Some(Status::unavailable("a pause"))),
        Session::Send(blocks(106..400), None),
        // What was not stored before the stop is nowhere but on disk.
        Session::Send(vec![], Some(Status::out_of_range("last available: 398"))),
        Session::Send(blocks(398..420), None),
    ])
    .await;
    let live = Live::start_with(&server, &decoder, client.clone(), wal());
    live.until(|status| status.as_of_slot >= 103).await;
    door.shut();
    let away = live
        .until(|status| {
            status.queue.wal_messages > 300 && status.state == State::WaitingForWarehouse
        })
        .await;
    assert!(!away.queue.paused, "{:?}", away.queue);
    assert!(away.queue.age() > 0.0 && away.queue.wal_bytes > 0);
    let stored = away.as_of_slot;
    // The whole stream has been received, though little of it is stored.
    live.until(|status| status.queue.wal_messages + status.queue.messages > 500)
        .await;
    live.stop().await;
    assert!(stored < 200, "{stored}");

    door.open();
    let live = Live::start_with(&server, &decoder, client, wal());
    live.until(|status| status.proven_slot == 419 && status.as_of_slot >= 415)
        .await;
    live.stop().await;
    let expected: Vec<u64> = (100..420).collect();
    assert_eq!(slots(&engine).await, expected);
    ledger(&engine).await;
    assert_eq!(std::fs::read_dir(folder.path()).expect("folder").count(), 0);
}
