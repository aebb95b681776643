//! A hub over a real dispatcher and store, and lines to it that speak as sockets do.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ed25519_dalek::{Signer as _, SigningKey};
use futures::StreamExt as _;
use futures::channel::mpsc::{self, UnboundedReceiver, UnboundedSender};
use futures::future::BoxFuture;
use hypernode_dispatch::board::{Config, Record, Submission};
use hypernode_dispatch::content::Content;
use hypernode_dispatch::ids::JobId;
use hypernode_dispatch::job::{Pay, Rules, State, Terms};
use hypernode_dispatch::matching::Needs;
use hypernode_dispatch::matching::seed::DaySecret;
use hypernode_dispatch::nodes::{Nodes, NodesConfig, Standing};
use hypernode_dispatch::outcome::Kept;
use hypernode_dispatch::service::{Center, Order, Setup, keep_at_work, states};
use hypernode_dispatch::sessions::{Close, Heard, Hub, HubSetup, Sent, SessionsConfig};
use hypernode_state::jobs::{GetJob, JobOp, JobWhole};
use hypernode_state::sqlite::{Options, SqliteStore};
use hypernode_state::{
    Address, Answer, BackupError, BackupReport, Digest, Op, Query, Replies, Store, StoreError,
    StoreExt, Unit,
};
use hypernode_wire::{Arg, Args, Catalog};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinHandle;

pub(crate) const WALLET: Address = Address([3; 32]);
/// Whose jobs they are.
pub(crate) const OWNER: Address = Address([5; 32]);
/// How long anything that is to happen may take.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn now() -> i64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970");
    now.as_millis().try_into().expect("not yet so late")
}

/// Times that a test can wait for, in the proportions of the real ones.
pub(crate) fn quick() -> SessionsConfig {
    SessionsConfig {
        unregistered_ms: 1_000,
        idle_ms: 1_500,
        slack_ms: 1_000,
        grace_ms: 400,
        lease_ms: 2_000,
        test_after_ms: None,
        ..SessionsConfig::default()
    }
}

pub(crate) fn rules() -> Rules {
    Rules {
        lease_ms: 2_000,
        slack_ms: 1_000,
        backoff_ms: 20,
        backoff_cap_ms: 100,
        exclude_failed_ms: 200,
        exclude_declined_ms: 100,
        ..Rules::default()
    }
}

/// A store whose disk fails once when it is told to: under a change of a job, or right behind the unit that gives one away.
#[derive(Debug)]
pub(crate) struct Flaky {
    below: Arc<dyn Store>,
    trip: AtomicBool,
    lose: AtomicBool,
}

/// A job becomes a node's.
fn gives(op: &Op) -> bool {
    let state = match op {
        Op::Job(JobOp::JobInsert(op)) => op.state,
        Op::Job(JobOp::JobPut(op)) => op.state,
        _ => return false,
    };
    states("leased").is_some_and(|leased| leased.has(state))
}

impl Store for Flaky {
    fn apply(&self, unit: Unit) -> BoxFuture<'_, Result<Replies, StoreError>> {
        let is_of_jobs = unit.ops().iter().any(|op| matches!(op, Op::Job(_)));
        if is_of_jobs && self.trip.swap(false, Ordering::SeqCst) {
            let error = StoreError::Io {
                path: "state.db".into(),
                detail: "pulled out".to_owned(),
            };
            return Box::pin(async move { Err(error) });
        }
        if unit.ops().iter().any(gives) && self.lose.swap(false, Ordering::SeqCst) {
            return Box::pin(async move {
                self.below.apply(unit).await?;
                Err(StoreError::Io {
                    path: "state.db".into(),
                    detail: "kept, and pulled out before it could say so".to_owned(),
                })
            });
        }
        self.below.apply(unit)
    }

    fn read(&self, query: Query) -> BoxFuture<'_, Result<Answer, StoreError>> {
        self.below.read(query)
    }

    fn backup(&self, to: PathBuf) -> BoxFuture<'_, Result<BackupReport, BackupError>> {
        self.below.backup(to)
    }
}

pub(crate) struct Hall {
    pub(crate) hub: Hub,
    pub(crate) nodes: Nodes,
    pub(crate) center: Center,
    pub(crate) store: Arc<Flaky>,
    setup: HubSetup,
    work: JoinHandle<()>,
    _folder: TempDir,
}

/// What a job is to be.
pub(crate) struct Job {
    pub(crate) manifest: Option<&'static str>,
    pub(crate) needs: Needs,
    pub(crate) pay: Pay,
    pub(crate) retries: u8,
}

impl Default for Job {
    fn default() -> Self {
        Self {
            manifest: Some("nap"),
            needs: Needs::default(),
            pay: Pay::UpTo(1_000_000),
            retries: 3,
        }
    }
}

fn keep(store: Arc<dyn Store>) -> (Center, JoinHandle<()>) {
    let key = SigningKey::from_bytes(&[7; 32]);
    let setup = move || {
        let key = key.clone();
        Setup {
            config: Config {
                rules: rules(),
                ..Config::default()
            },
            store: store.clone(),
            holder: None,
            figures: Arc::default(),
            results: Arc::default(),
            secret: DaySecret::new(20_000, [1; 32]),
            signer: Arc::new(move |bytes| key.sign(bytes).to_bytes()),
            clock: Arc::new(now),
        }
    };
    let (center, work) = keep_at_work(setup);
    let work = tokio::spawn(async move {
        let _ = Box::pin(work).await;
    });
    (center, work)
}

impl Hall {
    pub(crate) async fn open() -> Self {
        Self::with(quick()).await
    }

    pub(crate) async fn with(config: SessionsConfig) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = SqliteStore::open(folder.path().join("state.db"), Options::default());
        let store = Arc::new(Flaky {
            below: Arc::new(store.expect("a store")),
            trip: AtomicBool::new(false),
            lose: AtomicBool::new(false),
        });
        let nodes = Nodes::open(store.clone(), Arc::new(now), NodesConfig::default()).await;
        let nodes = nodes.expect("nodes");
        let (mut center, work) = keep(store.clone());
        center.wait().await.expect("a dispatcher");
        let mut catalog = Catalog::default();
        let nap = json!([{"id": "nap", "job_type": "generic_compute",
            "command": ["sleep", {"arg": "seconds", "is": {"int": {"min": 0, "max": 300}}}]}]);
        catalog.add_json(&nap.to_string()).expect("a manifest");
        let setup = HubSetup {
            config,
            name: "hub.example".to_owned(),
            nodes: nodes.clone(),
            center: center.clone(),
            store: store.clone(),
            catalog: Arc::new(catalog),
            standing: Arc::new(|_| Standing::default()),
            clock: Arc::new(now),
        };
        Self {
            hub: Hub::new(setup.clone()),
            nodes,
            center,
            store,
            setup,
            work,
            _folder: folder,
        }
    }

    /// The same hub, as if its process had ended and another had begun.
    pub(crate) async fn reopen(&mut self) {
        self.work.abort();
        let (mut center, work) = keep(self.store.clone());
        center.wait().await.expect("a dispatcher");
        self.work = work;
        self.center = center.clone();
        self.nodes.flush().await;
        self.nodes = Nodes::open(self.store.clone(), Arc::new(now), NodesConfig::default())
            .await
            .expect("nodes");
        self.setup = HubSetup {
            center,
            nodes: self.nodes.clone(),
            ..self.setup.clone()
        };
        self.hub = Hub::new(self.setup.clone());
    }

    /// The next change of a job fails, and the dispatcher with it.
    pub(crate) fn trip(&self) {
        self.store.trip.store(true, Ordering::SeqCst);
    }

    /// The next unit that gives a job away is kept, and the dispatcher ends before it tells anybody.
    pub(crate) fn lose(&self) {
        self.store.lose.store(true, Ordering::SeqCst);
    }

    pub(crate) async fn token(&self) -> String {
        let token = self
            .nodes
            .issue_token(WALLET, false)
            .await
            .expect("a token");
        token.expose().to_owned()
    }

    pub(crate) fn line(&self) -> Line {
        self.line_from("192.0.2.1")
    }

    pub(crate) fn line_from(&self, address: &str) -> Line {
        let address: IpAddr = address.parse().expect("an address");
        let seat = self.hub.seat(address).expect("a seat");
        let (to, heard) = mpsc::unbounded();
        let (out, from) = mpsc::unbounded();
        let hub = self.hub.clone();
        let task = tokio::spawn(async move { hub.run(seat, heard, out).await });
        Line {
            to: Some(to),
            from,
            task,
        }
    }

    /// A host of an old dialect, registered with this token.
    pub(crate) async fn host(&self, token: &str, info: Value) -> Line {
        let mut line = self.line();
        line.say(json!({"type": "register", "token": token, "hostInfo": info}));
        let registered = line.hear_a("registered").await;
        assert!(registered["nodeId"].is_string(), "{registered}");
        line
    }

    /// A lease-aware host, registered with this token; and its session.
    pub(crate) async fn aware(&self, token: &str) -> (Line, Value) {
        let mut line = self.line();
        line.say(json!({"type": "register", "proto": 1, "token": token, "hostInfo": aware_info()}));
        let registered = line.hear_a("registered").await;
        (line, registered)
    }

    pub(crate) async fn submit(&self, number: u128, job: Job) -> JobId {
        let dispatch = self.center.now().expect("a dispatcher");
        dispatch.submit(order(number, job)).await.expect("accepted")
    }

    /// The same, where nobody may be left to say that it was accepted.
    pub(crate) async fn submit_unheard(&self, number: u128, job: Job) -> JobId {
        let dispatch = self.center.now().expect("a dispatcher");
        let _ = dispatch.submit(order(number, job)).await;
        JobId::uuid(number)
    }

    pub(crate) async fn kept(&self, job: JobId) -> (Record, Kept) {
        let query = GetJob {
            id: job.to_string(),
            content: false,
            outcome: true,
        };
        let whole: JobWhole = self.store.ask(query).await.expect("read").expect("a job");
        let record = serde_json::from_slice(&whole.job.record).expect("a record");
        (record, Kept::read(&whole.outcome.unwrap_or_default()))
    }

    pub(crate) async fn state(&self, job: JobId) -> State {
        self.kept(job).await.0.job.state
    }

    /// Waits until the job is in a state that `is` takes.
    pub(crate) async fn until(&self, job: JobId, is: impl Fn(&State) -> bool) -> State {
        let begun = std::time::Instant::now();
        loop {
            let state = self.state(job).await;
            if is(&state) {
                return state;
            }
            assert!(begun.elapsed() < PATIENCE, "the job stays {state:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn order(number: u128, job: Job) -> Order {
    let content = Content {
        job_type: "generic_compute".to_owned(),
        model: "default".to_owned(),
        input: json!({"prompt": "$(reboot)", "seconds": 0}),
        requirements: json!({}),
        manifest: job.manifest.map(str::to_owned),
        args: match job.manifest {
            Some("nap") => Args::from([("seconds".to_owned(), Arg::Int(0))]),
            _ => Args::new(),
        },
    };
    Order {
        submission: Submission {
            id: JobId::uuid(number),
            terms: Terms {
                owner: OWNER,
                submitted_at: now(),
                max_duration_s: 60,
                max_retries: job.retries,
                priority: 5,
                pay: job.pay,
            },
            needs: job.needs,
            content: Digest([number as u8; 32]),
            nonce: Vec::new(),
            waits: false,
            key: None,
        },
        kind: "generic_compute".to_owned(),
        content: serde_json::to_vec(&content).expect("json"),
        beside: Vec::new(),
    }
}

pub(crate) fn v1_info() -> Value {
    json!({"hostname": "rig-1", "os": "Linux 6.8", "gpus": [{"name": "NVIDIA GeForce RTX 4090", "memory": "24564 MiB"}]})
}

pub(crate) fn v2_info() -> Value {
    json!({"hostname": "rig-2", "os": "Linux", "os_version": "#45", "arch": "x86_64", "cpu_count": null,
        "gpus": [{"model": "NVIDIA GeForce RTX 3090", "vram": "24576 MiB"}]})
}

pub(crate) fn v3_info() -> Value {
    json!({"hostname": "rig-3", "os": "Linux", "os_version": "#45", "arch": "x86_64", "gpus": []})
}

pub(crate) fn v4_info() -> Value {
    json!({"hostname": "rig-4", "os": "Linux", "docker_version": "27.0", "agent_version": "2.0.0-docker",
        "gpus": [{"index": 0, "model": "NVIDIA A100-SXM4-80GB", "vram_total": "81920 MiB", "utilization": "3%"}]})
}

pub(crate) fn aware_info() -> Value {
    json!({"hostname": "rig-5", "os": "Linux", "gpus": [{"name": "NVIDIA H100", "memory": "81559 MiB"}],
        "slots": 2, "sandboxed": true})
}

/// One end of a socket.
pub(crate) struct Line {
    to: Option<UnboundedSender<Heard>>,
    from: UnboundedReceiver<Sent>,
    task: JoinHandle<Close>,
}

impl Line {
    #[allow(clippy::needless_pass_by_value, reason = "`json!` makes values")]
    pub(crate) fn say(&self, frame: Value) {
        self.say_bytes(frame.to_string().into_bytes());
    }

    pub(crate) fn say_bytes(&self, bytes: impl Into<bytes::Bytes>) {
        // Whoever was cut off may go on talking.
        if let Some(to) = &self.to {
            let _ = to.unbounded_send(Heard::Frame(bytes.into()));
        }
    }

    /// The next frame.
    pub(crate) async fn hear(&mut self) -> Value {
        let sent = tokio::time::timeout(PATIENCE, self.from.next()).await;
        match sent.expect("in time") {
            Some(Sent::Text(text)) => serde_json::from_str(&text).expect("JSON"),
            other => panic!("a frame, not {other:?}"),
        }
    }

    /// The next frame of this type; others are passed over.
    pub(crate) async fn hear_a(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.hear().await;
            if frame["type"] == kind {
                return frame;
            }
        }
    }

    /// Whether nothing comes for a while.
    pub(crate) async fn is_quiet(&mut self, ms: u64) -> bool {
        tokio::time::timeout(Duration::from_millis(ms), self.from.next())
            .await
            .is_err()
    }

    pub(crate) fn is_open(&self) -> bool {
        !self.task.is_finished()
    }

    /// The connection breaks.
    pub(crate) fn cut(mut self) {
        self.to = None;
    }

    /// How the other side ended it.
    pub(crate) async fn ended(self) -> Close {
        let ended = tokio::time::timeout(PATIENCE, self.task).await;
        ended.expect("in time").expect("no panic")
    }

    /// Takes the next offer.
    pub(crate) async fn take(&mut self) -> (String, u64) {
        let offer = self.hear_a("offer").await;
        let (job, fence) = (offer["job"].clone(), offer["fence"].clone());
        self.say(json!({"type": "accept", "job": job, "fence": fence}));
        let given = self.hear_a("job").await;
        assert_eq!((&given["id"], &given["fence"]), (&job, &fence));
        (
            job.as_str().expect("a job").to_owned(),
            fence.as_u64().expect("a fence"),
        )
    }
}
