//! A live stream through the whole pipeline into a real engine: restarts of every part, and nothing lost or doubled.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail by panicking"
)]

#[path = "common/engine.rs"]
mod engine;
#[path = "common/geyser.rs"]
mod scripted;

use std::sync::Arc;
use std::time::Duration;

use engine::TestEngine;
use hypernode_decoder::Decoder;
use hypernode_indexer::bench::synthetic;
use hypernode_indexer::geyser::GeyserOptions;
use hypernode_indexer::pipeline::{
    IndexerStatus, LiveOptions, PipelineError, State, StatusHandle, run_live,
};
use hypernode_warehouse::{Client, Endpoint, Secret};
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
        let mut geyser = GeyserOptions::new(server.url(), vec![[1; 32]]);
        geyser.first_pause = Duration::from_millis(10);
        let (status, shutdown) = (StatusHandle::new(), CancellationToken::new());
        let options = LiveOptions {
            geyser,
            source: "geyser".into(),
            accounts: None,
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
    assert_eq!(ledger(&engine).await.last(), Some(&(136, 139, false)));

    let live = Live::start(&server, &decoder, engine.client.clone());
    live.until(|status| status.proven_slot == 150).await;
    live.stop().await;
    assert_eq!(slots(&engine).await, (100..151).collect::<Vec<_>>());
    assert_eq!(ledger(&engine).await.last(), Some(&(148, 150, true)));
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

/// A way to the engine that can be shut.
struct Door {
    endpoint: Endpoint,
    open: Arc<std::sync::atomic::AtomicBool>,
}

impl Door {
    async fn start(engine: Endpoint) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("bind");
        let address = listener.local_addr().expect("address");
        let behind = engine.url.trim_start_matches("http://").to_owned();
        let open = Arc::new(std::sync::atomic::AtomicBool::new(true));
        let state = Arc::clone(&open);
        tokio::spawn(async move {
            loop {
                let (mut near, _) = listener.accept().await.expect("accept");
                let (state, behind) = (Arc::clone(&state), behind.clone());
                tokio::spawn(async move {
                    let shut = async {
                        while state.load(std::sync::atomic::Ordering::Relaxed) {
                            tokio::time::sleep(Duration::from_millis(5)).await;
                        }
                    };
                    let pipe = async {
                        let mut far = tokio::net::TcpStream::connect(&behind).await?;
                        tokio::io::copy_bidirectional(&mut near, &mut far).await
                    };
                    tokio::select! {
                        () = shut => {}
                        _ = pipe => {}
                    }
                });
            }
        });
        let endpoint = Endpoint {
            url: format!("http://{address}"),
            password: Secret::new(engine.password.expose()),
            ..engine
        };
        Self { endpoint, open }
    }

    fn shut(&self) {
        self.open.store(false, std::sync::atomic::Ordering::Relaxed);
    }

    fn open(&self) {
        self.open.store(true, std::sync::atomic::Ordering::Relaxed);
    }
}
