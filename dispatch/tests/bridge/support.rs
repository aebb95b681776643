//! A dispatcher with a host over a store in a folder, a bridge to it, and what must hold in the end.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ed25519_dalek::{Signer as _, SigningKey};
use hypernode_dispatch::asked::Limits;
use hypernode_dispatch::board::{Config, Record, Submission};
use hypernode_dispatch::bridge::{Bridge, Chained, Defaults, Index, InputError, waiting};
use hypernode_dispatch::content::Content;
use hypernode_dispatch::ids::{JobId, NodeId};
use hypernode_dispatch::job::{By, Manner, Pay, Rules, Stands, State, Terms};
use hypernode_dispatch::matching::seed::DaySecret;
use hypernode_dispatch::matching::{Needs, NodeFacts, Runs};
use hypernode_dispatch::service::{Center, Order, Setup, Told, keep_at_work};
use hypernode_state::jobs::GetJob;
use hypernode_state::sqlite::{Options, SqliteStore};
use hypernode_state::{Address, Digest, StoreExt};
use hypernode_wire::Catalog;
use tokio::task::JoinHandle;

use crate::chain::{Chain, Kind, body, name};

pub(crate) fn now() -> i64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970");
    now.as_millis().try_into().expect("not yet so late")
}

pub(crate) fn store(folder: &Path) -> Arc<SqliteStore> {
    let store = SqliteStore::open(folder.join("state.db"), Options::default());
    Arc::new(store.expect("a store"))
}

/// A process at work.
pub(crate) struct Process {
    pub(crate) store: Arc<SqliteStore>,
    pub(crate) center: Center,
    pub(crate) bridge: Bridge,
    work: JoinHandle<()>,
    host: JoinHandle<()>,
}

impl Process {
    /// Starts a dispatcher with a host of `slots`, and a bridge from `index`.
    pub(crate) fn start(store: Arc<SqliteStore>, index: Arc<dyn Index>, slots: u16) -> Self {
        let kept = store.clone();
        let (center, work) = keep_at_work(move || Setup {
            config: Config::default(),
            store: kept.clone(),
            holder: None,
            figures: Arc::default(),
            results: Arc::default(),
            secret: DaySecret::new(20_000, [1; 32]),
            signer: Arc::new(|bytes| SigningKey::from_bytes(&[7; 32]).sign(bytes).to_bytes()),
            clock: Arc::new(now),
        });
        let work = tokio::spawn(async move {
            let ended = work.await;
            assert!(ended.is_ok(), "{ended:?}");
        });
        let (rules, defaults) = (Rules::default(), Defaults::default());
        let clock = Arc::new(now);
        let bridge = Bridge::new(index, center.clone(), store.clone(), clock, rules, defaults);
        let host = tokio::spawn(host(center.clone(), slots));
        Self {
            store,
            center,
            bridge,
            work,
            host,
        }
    }

    /// Everything that this process knows is gone; what was on its way to the disk may or may not come there.
    pub(crate) async fn crash(self) -> Arc<SqliteStore> {
        self.work.abort();
        self.host.abort();
        let _ = (self.work.await, self.host.await);
        self.store
    }

    /// Rounds until nothing is left to be told.
    pub(crate) async fn catch_up(&mut self) {
        let began = std::time::Instant::now();
        loop {
            let round = self.bridge.round().await;
            if matches!(round, Ok(false)) {
                return;
            }
            let in_time = began.elapsed() < Duration::from_secs(60);
            assert!(in_time, "the bridge does not come to its end: {round:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Posts the right input of a job; whether it was taken.
    pub(crate) async fn post(&self, job: u8) -> bool {
        let waiting = match waiting(self.store.as_ref(), name(job)).await {
            Ok(waiting) => waiting,
            Err(InputError::Unknown | InputError::NotWaiting(_)) => return false,
            Err(error) => panic!("{error}"),
        };
        let taken = waiting
            .take(
                body(job),
                &Catalog::default(),
                &Limits::default(),
                &self.center,
            )
            .await;
        taken.is_ok()
    }
}

/// Takes what it is offered and runs it for ever.
async fn host(mut center: Center, slots: u16) {
    while let Some(dispatch) = center.wait().await {
        let facts = NodeFacts {
            id: NodeId::uuid(1),
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
            slots,
            running: 0,
            runs: Runs::Free,
            sandboxed: true,
        };
        let Ok(mut frames) = dispatch.connect(facts, Manner::Renewed).await else {
            continue;
        };
        while let Some(told) = frames.recv().await {
            if let Told::Offer { job, fence, .. } = told {
                let _ = dispatch.accept(NodeId::uuid(1), job, fence).await;
            }
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// How a job stands here.
pub(crate) async fn state(store: &SqliteStore, job: u8) -> Option<State> {
    let whole = GetJob {
        id: name(job).to_string(),
        content: false,
        outcome: false,
    };
    let whole = store.ask(whole).await.expect("an answer")?;
    let record: Record = serde_json::from_slice(&whole.job.record).expect("a record");
    Some(record.job.state)
}

/// Whatever happened on the way: a job is here as the chain has it.
pub(crate) async fn check(store: &SqliteStore, chain: &Chain, jobs: u8, posted: &BTreeSet<u8>) {
    let in_force = chain.in_force();
    let none = BTreeSet::new();
    for job in 0..jobs {
        let kinds = in_force.get(&job).unwrap_or(&none);
        let open = kinds.len() == 1 && kinds.contains(&Kind::Created);
        let state = state(store, job).await;
        let right = match state {
            None => !open,
            Some(State::Waiting { .. }) => open && !posted.contains(&job),
            Some(State::Queued { .. } | State::Offered { .. }) => open && posted.contains(&job),
            // It ran when the chain took it back, or another was given it there.
            Some(State::Leased(_)) => posted.contains(&job) && !kinds.contains(&Kind::Cancelled),
            Some(State::Cancelled { by: By::Chain }) => {
                !kinds.contains(&Kind::Created) || kinds.contains(&Kind::Cancelled)
            }
            Some(State::Elsewhere { stands, cost }) => {
                let ended = kinds.contains(&Kind::Completed);
                let right = match ended {
                    true => (Stands::Completed, 1_000_000),
                    false => (Stands::Assigned, 0),
                };
                let theirs = ended || kinds.contains(&Kind::Assigned);
                let wanted = kinds.contains(&Kind::Created) && !kinds.contains(&Kind::Cancelled);
                theirs && wanted && (stands, cost) == right
            }
            Some(_) => false,
        };
        assert!(
            right,
            "job {job}: {kinds:?} on chain, {state:?} here, posted {posted:?}"
        );
    }
}

/// What is kept of a job's content.
pub(crate) async fn content(store: &SqliteStore, job: u8) -> Option<Chained> {
    let whole = GetJob {
        id: name(job).to_string(),
        content: true,
        outcome: false,
    };
    let content = store.ask(whole).await.expect("an answer")?.content?;
    serde_json::from_slice(&content).expect("chained")
}

/// What is submitted here and created on chain.
pub(crate) fn order() -> Order {
    let content = Content {
        job_type: "render".to_owned(),
        model: "default".to_owned(),
        input: serde_json::json!({"scene": 1}),
        requirements: serde_json::json!({"manifest": "test"}),
        manifest: Some("test".to_owned()),
        args: hypernode_wire::Args::new(),
    };
    Order {
        submission: Submission {
            id: JobId::uuid(1),
            terms: Terms {
                owner: Address([41; 32]),
                submitted_at: now(),
                max_duration_s: 60,
                max_retries: 3,
                priority: 5,
                pay: Pay::Nothing,
            },
            needs: Needs::default(),
            content: Digest([1; 32]),
            nonce: Vec::new(),
            waits: false,
            key: None,
        },
        kind: "render".to_owned(),
        content: serde_json::to_vec(&content).expect("json"),
        beside: Vec::new(),
    }
}
