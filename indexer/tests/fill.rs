//! Holes that RPC fills, or that nobody fills until the operator does without (I-29): a scripted stream, a scripted RPC
//! endpoint, a real engine.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail by panicking"
)]

#[path = "common/engine.rs"]
mod engine;
#[path = "common/rpc.rs"]
mod rpc;
#[path = "common/geyser.rs"]
mod scripted;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use engine::TestEngine;
use hypernode_decoder::Decoder;
use hypernode_indexer::bench::synthetic;
use hypernode_indexer::geyser::GeyserOptions;
use hypernode_indexer::pipeline::{
    IndexerStatus, LiveOptions, PipelineError, State, StatusHandle, run_live,
};
use hypernode_indexer::rpc::PoolOptions;
use hypernode_warehouse::gaps;
use hypernode_warehouse::operator::{self, Kind};
use rpc::{Reply, RpcServer, chain};
use scripted::{Scripted, Session, blocks};
use serde_json::json;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::Status;

struct Live {
    status: StatusHandle,
    shutdown: CancellationToken,
    task: JoinHandle<Result<(), PipelineError>>,
}

impl Live {
    fn start(server: &Scripted, rpc: &[&RpcServer], engine: &TestEngine) -> Self {
        Self::start_from(server, rpc, engine, None)
    }

    fn start_from(
        server: &Scripted,
        rpc: &[&RpcServer],
        engine: &TestEngine,
        from_slot: Option<u64>,
    ) -> Self {
        let decoder: Arc<Decoder> = Arc::new(synthetic::decoder().expect("decoder"));
        let mut geyser = GeyserOptions::new(server.url(), vec![[1; 32]]);
        geyser.first_pause = Duration::from_millis(10);
        geyser.from_slot = from_slot;
        let (status, shutdown) = (StatusHandle::new(), CancellationToken::new());
        let urls: Vec<String> = rpc.iter().map(|server| server.url.clone()).collect();
        let options = LiveOptions {
            geyser,
            source: "geyser".into(),
            accounts: None,
            wal: hypernode_indexer::WalOptions::default(),
            rpc: (!urls.is_empty()).then(|| PoolOptions {
                requests_per_second: 0.0,
                first_pause: Duration::from_millis(20),
                max_pause: Duration::from_millis(100),
                ..PoolOptions::new(urls)
            }),
        };
        let task = tokio::spawn(run_live(
            options,
            decoder,
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
    }
}

async fn engine() -> Option<TestEngine> {
    engine::start(&synthetic::decoder().expect("decoder")).await
}

async fn slots(engine: &TestEngine) -> Vec<u64> {
    let text = engine.text("SELECT slot FROM blocks ORDER BY slot").await;
    text.lines()
        .map(|line| line.parse().expect("a slot"))
        .collect()
}

/// First and last slot of each unbroken part of the ledger.
async fn covered(engine: &TestEngine) -> Vec<(u64, u64)> {
    let ledger = hypernode_warehouse::Ledger::load(&engine.client).await;
    ledger.expect("a ledger").intervals().iter().collect()
}

/// Waits until each gap that was ever told has this state.
async fn gaps_are(engine: &TestEngine, wanted: &[(u64, u64, &str)]) {
    let begun = std::time::Instant::now();
    loop {
        let rows = gaps::list(&engine.client).await.expect("gaps");
        let found: Vec<_> = rows
            .iter()
            .map(|row| (row.slot_lo, row.slot_hi, row.state.as_str()))
            .collect();
        if found == wanted {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "{rows:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_no_longer_replays_comes_from_rpc() {
    let Some(engine) = engine().await else {
        return;
    };
    let server = Scripted::start(vec![
        Session::Send(blocks(100..110), Some(Status::unavailable("restarting"))),
        Session::Refuse(Status::out_of_range("last available: 1000")),
        Session::Send(blocks(1000..1030), None),
    ])
    .await;
    // Half of the hole is final, the rest confirmed only.
    let rpc = RpcServer::start(chain(1100, 700, |_| None)).await;
    let live = Live::start(&server, &[&rpc], &engine);
    live.until(|status| status.as_of_slot >= 1023).await;
    let status = live.status.get();
    assert_eq!(
        (status.gap, status.fill),
        (None, None),
        "{:?}",
        status.state
    );
    live.stop().await;
    assert_eq!(slots(&engine).await, (100..1030).collect::<Vec<_>>());
    assert_eq!(covered(&engine).await, [(100, 1029)]);
    let mut asked = rpc.blocks_asked();
    asked.sort_unstable();
    asked.dedup();
    assert_eq!(asked.first(), Some(&110));
    gaps_are(&engine, &[(110, 999, "filled")]).await;
    // What was final at RPC is final here.
    assert!(status.finalized_slot >= 700, "{}", status.finalized_slot);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_outage_is_filled_at_the_next_start_and_skipped_slots_are_proven() {
    let Some(engine) = engine().await else {
        return;
    };
    let server = Scripted::start(vec![
        Session::Send(blocks(100..110), None),
        Session::Refuse(Status::out_of_range("last available: 300")),
        Session::Send(blocks(300..320), None),
    ])
    .await;
    let live = Live::start(&server, &[], &engine);
    live.until(|status| status.proven_slot == 109).await;
    live.stop().await;
    // 150 to 159 hold no block; 200 is on no list although its child names it.
    let rpc = RpcServer::start(|method, params| {
        let all = chain(400, 400, |slot| {
            (slot == 160).then(|| Reply::result(&rpc::block(160, 149)))
        });
        if method != "getBlocks" {
            return all(method, params);
        }
        let (from, to) = (params[0].as_u64(), params[1].as_u64());
        let slots = from.expect("from")..=to.expect("to").min(400);
        let listed = slots.filter(|slot| !(150..160).contains(slot) && *slot != 200);
        Reply::result(&json!(listed.collect::<Vec<_>>()))
    })
    .await;
    let live = Live::start(&server, &[&rpc], &engine);
    live.until(|status| status.as_of_slot >= 315).await;
    live.stop().await;
    let all: Vec<u64> = (100..150).chain(160..320).collect();
    assert_eq!(slots(&engine).await, all);
    assert_eq!(covered(&engine).await, [(100, 319)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_source_has_stays_a_gap_until_the_operator_does_without_and_comes_back_at_no_restart()
 {
    let Some(engine) = engine().await else {
        return;
    };
    let server = Scripted::start(vec![
        Session::Send(blocks((100..110).chain(120..140)), None),
        Session::Refuse(Status::out_of_range("last available: 130")),
        Session::Send(vec![], None),
        Session::Send(blocks(136..150), None),
    ])
    .await;
    let rpc = RpcServer::start(chain(400, 400, |slot| {
        (slot == 115).then(|| Reply::error(-32001, "Block 115 cleaned up"))
    }))
    .await;
    let live = Live::start(&server, &[&rpc], &engine);
    let stuck = |status: &IndexerStatus| {
        let fill = status.fill.as_ref();
        fill.and_then(|fill| fill.stuck.clone())
    };
    let status = live.until(|status| stuck(status).is_some()).await;
    assert_eq!(status.state, State::Stalled);
    let why = stuck(&status).expect("stuck");
    assert!(why.contains("115") && why.contains("cleaned up"), "{why}");
    live.until(|status| status.proven_slot == 114).await;
    gaps_are(&engine, &[(110, 119, "open"), (115, 115, "open")]).await;
    let asked = rpc.blocks_asked().len();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(rpc.blocks_asked().len() <= asked + 8, "asked in a loop");

    let accept = operator::request(&engine.client, Kind::AcceptGap, (115, 115), "archived", "");
    let id = accept.await.expect("request");
    live.until(|status| status.as_of_slot >= 135).await;
    let answer = operator::answered(&engine.client, id).await.expect("query");
    assert!(answer.is_some_and(|answer| answer.done));
    gaps_are(&engine, &[(110, 119, "filled"), (115, 115, "accepted")]).await;
    live.stop().await;
    assert_eq!(covered(&engine).await, [(100, 114), (116, 139)]);

    let live = Live::start(&server, &[&rpc], &engine);
    live.until(|status| status.as_of_slot >= 143).await;
    live.stop().await;
    assert_eq!(covered(&engine).await, [(100, 114), (116, 149)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_accepted_gap_is_given_up_again_at_every_start() {
    let Some(engine) = engine().await else {
        return;
    };
    let server = Scripted::start(vec![
        Session::Send(blocks(100..110), None),
        Session::Refuse(Status::out_of_range("last available: 120")),
        Session::Send(blocks(120..140), None),
    ])
    .await;
    let live = Live::start(&server, &[], &engine);
    live.until(|status| status.proven_slot == 109).await;
    live.stop().await;
    let state = gaps::GapState::Accepted;
    gaps::record(&engine.client, (110, 119), state, "lost", "operator")
        .await
        .expect("recorded");
    let live = Live::start(&server, &[], &engine);
    live.until(|status| status.as_of_slot >= 135).await;
    live.stop().await;
    assert_eq!(covered(&engine).await, [(100, 109), (120, 139)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn failing_endpoints_hold_nothing_up_for_good_and_meta_missing_is_never_an_empty_block() {
    let Some(engine) = engine().await else {
        return;
    };
    let server = Scripted::start(vec![Session::Send(
        blocks((100..110).chain(120..140)),
        None,
    )])
    .await;
    let bare = |slot: u64| {
        let mut block = rpc::block(slot, slot - 1);
        block["transactions"] = json!([{"transaction": ["AQ==", "base64"], "meta": null}]);
        Reply::result(&block)
    };
    let first = RpcServer::start(chain(400, 400, move |slot| {
        (slot == 115).then(|| bare(slot))
    }))
    .await;
    let down = Arc::new(AtomicBool::new(true));
    let state = Arc::clone(&down);
    let second = RpcServer::start(move |method, params| {
        if state.load(Ordering::SeqCst) {
            return Reply::status(503, None);
        }
        chain(400, 400, |_| None)(method, params)
    })
    .await;
    let live = Live::start(&server, &[&first, &second], &engine);
    live.until(|status| status.proven_slot == 114).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(live.status.get().proven_slot, 114);
    down.store(false, Ordering::SeqCst);
    live.until(|status| status.as_of_slot >= 135).await;
    live.stop().await;
    assert_eq!(slots(&engine).await, (100..140).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn indexing_begins_where_it_is_told_to_though_the_stream_begins_later() {
    // The first slot is final, or only confirmed yet.
    for finalized in [350, 150] {
        let Some(engine) = engine().await else {
            return;
        };
        let server = Scripted::start(vec![
            Session::Refuse(Status::out_of_range("last available: 300")),
            Session::Send(blocks(300..320), None),
        ])
        .await;
        let rpc = RpcServer::start(chain(400, finalized, |_| None)).await;
        let live = Live::start_from(&server, &[&rpc], &engine, Some(200));
        live.until(|status| status.as_of_slot >= 315).await;
        live.stop().await;
        assert_eq!(covered(&engine).await, [(200, 319)], "{finalized}");
        assert_eq!(server.asked()[0].from_slot, Some(200));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_rpc_what_is_lost_before_the_first_slot_is_recorded() {
    let Some(engine) = engine().await else {
        return;
    };
    let server = Scripted::start(vec![
        Session::Refuse(Status::out_of_range("last available: 300")),
        Session::Send(blocks(300..320), None),
    ])
    .await;
    let live = Live::start_from(&server, &[], &engine, Some(200));
    live.until(|status| status.as_of_slot >= 315).await;
    gaps_are(&engine, &[(200, 299, "open")]).await;
    live.stop().await;
    assert_eq!(covered(&engine).await, [(300, 319)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rivals_for_one_slot_are_decided_by_the_final_chain() {
    let Some(engine) = engine().await else {
        return;
    };
    use yellowstone_grpc_proto::geyser::subscribe_update::UpdateOneof;
    // The stream names another block for slot 110 first, and publishes nothing beyond it.
    let mut rival = scripted::block(110).remove(0);
    if let Some(UpdateOneof::Block(block)) = &mut rival.update_oneof {
        block.blockhash = scripted::hash(99_110);
    }
    let mut updates = blocks(100..110);
    updates.push(rival);
    updates.extend(blocks(110..130));
    let server = Scripted::start(vec![Session::Send(updates, None)]).await;
    let rpc = RpcServer::start(chain(400, 400, |_| None)).await;
    let live = Live::start(&server, &[&rpc], &engine);
    live.until(|status| status.as_of_slot >= 123 && status.contradiction.is_none())
        .await;
    live.stop().await;
    assert_eq!(slots(&engine).await, (100..130).collect::<Vec<_>>());
    let hash = engine
        .text("SELECT base58Encode(blockhash) FROM blocks WHERE slot = 110")
        .await;
    assert_eq!(hash, scripted::hash(110));
}
