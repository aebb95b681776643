//! A real engine, and a store whose outbox holds what a dispatcher told.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use hypernode_dispatch::board::{Config, Submission};
use hypernode_dispatch::ids::{JobId, NodeId};
use hypernode_dispatch::job::{Manner, Outcome, Pay, Rules, Terms};
use hypernode_dispatch::key::Key;
use hypernode_dispatch::matching::seed::DaySecret;
use hypernode_dispatch::matching::{Needs, NodeFacts, Runs};
use hypernode_dispatch::service::{Order, Setup, TOPIC, Told, start};
use hypernode_state::outbox::ReadOutbox;
use hypernode_state::sqlite::{Options, SqliteStore};
use hypernode_state::{Address, Digest, StoreExt};
use hypernode_warehouse::engine::{Engine, EngineOptions};
use hypernode_warehouse::{Client, library, migrate};

/// An engine of the test's own; gone with this.
pub(crate) struct Running {
    pub(crate) engine: Engine,
    _folder: tempfile::TempDir,
}

/// A fresh engine with all tables, or `None` (said aloud) where its library is absent.
pub(crate) async fn engine() -> Option<(Client, Running)> {
    let fetch = std::env::var_os("HYPERNODE_TEST_FETCH").is_some();
    let ci = std::env::var("CI").is_ok_and(|value| value == "true");
    let found = library::locate(None);
    if !matches!(found, Ok(Some(_))) && !fetch && !ci {
        eprintln!(
            "skipped: no ClickHouse library here ({found:?}); HYPERNODE_TEST_FETCH=1 fetches it"
        );
        return None;
    }
    let folder = tempfile::tempdir().expect("a directory");
    let engine = Engine::start(EngineOptions {
        data_dir: folder.path().to_owned(),
        port: 0,
        library: None,
        program: child_program(),
    });
    let engine = engine.await.expect("the engine starts");
    let client = Client::new(&engine.endpoint()).expect("a client");
    migrate::migrate(&client).await.expect("migrations apply");
    let running = Running {
        engine,
        _folder: folder,
    };
    Some((client, running))
}

/// The engine's child, which cargo builds beside the tests of this crate: an example with `_engine` in its name.
fn child_program() -> PathBuf {
    let test = std::env::current_exe().expect("a path");
    let folder = test.parent().and_then(Path::parent).expect("target");
    let program = folder.join("examples/dispatch_engine");
    assert!(program.is_file(), "{} is not built", program.display());
    program
}

pub(crate) fn store(folder: &Path) -> Arc<SqliteStore> {
    let store = SqliteStore::open(folder.join("state.db"), Options::default());
    Arc::new(store.expect("a store"))
}

pub(crate) fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.expect("after 1970");
    now.as_millis().try_into().expect("not yet so late")
}

fn order(number: u128) -> Order {
    Order {
        submission: Submission {
            id: JobId::uuid(number),
            terms: Terms {
                owner: Address([3; 32]),
                submitted_at: now(),
                max_duration_s: 60,
                max_retries: 1,
                priority: 5,
                pay: Pay::UpTo(1_000_000),
            },
            needs: Needs::default(),
            content: Digest([1; 32]),
            nonce: Vec::new(),
            waits: false,
            key: None,
        },
        kind: "llm_inference".to_owned(),
        content: b"{}".to_vec(),
        beside: Vec::new(),
    }
}

fn facts(number: u128) -> NodeFacts {
    NodeFacts {
        id: NodeId::uuid(number),
        owner: Address([9; 32]),
        online: true,
        model: "NVIDIA GeForce RTX 4090".to_owned(),
        vram_mb: 24_576,
        capabilities: Vec::new(),
        reputation: 364,
        evidence: 0,
        stake: 0,
        completed: 0,
        failed: 0,
        rtt_ms: 20,
        ask: 10_000,
        slots: 4,
        running: 0,
        sandboxed: false,
        runs: Runs::Manifests,
    }
}

/// A real dispatcher gives `jobs` jobs to a host that turns away its first offer and answers one job twice. What the
/// outbox holds then: messages by whether they are changes of jobs.
pub(crate) async fn work(store: &Arc<SqliteStore>, jobs: u32) -> Sent {
    work_from(store, 1, jobs).await
}

/// Three jobs more, named from `first` on.
pub(crate) async fn work_again(store: &Arc<SqliteStore>, first: u32) {
    work_from(store, first, 3).await;
}

async fn work_from(store: &Arc<SqliteStore>, first: u32, jobs: u32) -> Sent {
    let key = Key::of([7; 32]);
    let setup = Setup {
        config: Config {
            rules: Rules {
                backoff_ms: 5,
                backoff_cap_ms: 20,
                exclude_declined_ms: 20,
                ..Rules::default()
            },
            ..Config::default()
        },
        store: store.clone(),
        holder: None,
        figures: Arc::default(),
        results: Arc::default(),
        secret: DaySecret::new(20_000, [1; 32]),
        signer: key.signer(),
        clock: Arc::new(now),
    };
    let (dispatch, work) = start(setup).await.expect("starts");
    let work = tokio::spawn(work);
    let node = NodeId::uuid(1);
    let mut frames = dispatch
        .connect(facts(1), Manner::Renewed)
        .await
        .expect("connected");
    for n in 0..jobs {
        dispatch
            .submit(order(u128::from(first + n)))
            .await
            .expect("accepted");
    }
    let (mut declined, mut done) = (false, 0);
    while done < jobs {
        match frames.recv().await.expect("connected") {
            Told::Offer { job, fence, .. } if !declined => {
                declined = true;
                dispatch.reject(node, job, fence).await.expect("heard");
            }
            Told::Offer { job, fence, .. } => {
                dispatch.accept(node, job, fence).await.expect("heard");
            }
            Told::Run { job, fence, .. } => {
                if done == 0 {
                    // One that is not in force.
                    let stale =
                        dispatch.ended(node, job, Some(fence + 9), Outcome::Completed, Vec::new());
                    stale.await.expect_err("stale");
                }
                tokio::time::sleep(std::time::Duration::from_millis(2)).await;
                let ended =
                    dispatch.ended(node, job, Some(fence), Outcome::Completed, b"{}".to_vec());
                ended.await.expect("heard");
                done += 1;
            }
            _ => {}
        }
    }
    drop((dispatch, frames));
    work.await.expect("no panic").expect("in order");
    told(store).await
}

/// What the outbox holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) last: u64,
    pub(crate) changes: u64,
    pub(crate) others: u64,
}

async fn told(store: &SqliteStore) -> Sent {
    let mut told = Sent {
        last: 0,
        changes: 0,
        others: 0,
    };
    loop {
        let page = store
            .ask(ReadOutbox {
                topic: TOPIC.to_owned(),
                after: told.last,
                limit: 1_000,
            })
            .await
            .expect("read");
        let Some(last) = page.last() else { return told };
        told.last = last.seq;
        for message in &page {
            let fact: serde_json::Value = serde_json::from_slice(&message.payload).expect("JSON");
            match fact["state"].is_string() {
                true => told.changes += 1,
                false => told.others += 1,
            }
        }
    }
}
