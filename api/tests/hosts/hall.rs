//! A server with dispatch, over a real store, and doubles that speak to it.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ed25519_dalek::{Signer as _, SigningKey};
use hypernode_api::ApiState;
use hypernode_dispatch::board::{Config, Record, Submission};
use hypernode_dispatch::content::Content;
use hypernode_dispatch::ids::JobId;
use hypernode_dispatch::job::{Pay, Rules, State, Terms};
use hypernode_dispatch::matching::Needs;
use hypernode_dispatch::matching::seed::DaySecret;
use hypernode_dispatch::nodes::{NodeView, Nodes, NodesConfig, Standing};
use hypernode_dispatch::service::{Center, Order, Setup, keep_at_work};
use hypernode_dispatch::sessions::{Hub, HubSetup, SessionsConfig};
use hypernode_state::credits::{Earned, Earner, Earnings};
use hypernode_state::jobs::GetJob;
use hypernode_state::sqlite::{Options, SqliteStore};
use hypernode_state::{Address, Digest, Store, StoreExt};
use hypernode_wire::{Arg, Args, Catalog};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Whose hosts they are.
pub(crate) const WALLET: Address = Address([3; 32]);

pub(crate) struct Hall {
    pub(crate) nodes: Nodes,
    pub(crate) endpoint: String,
    center: Center,
    store: Arc<dyn Store>,
    stop: CancellationToken,
    _folder: TempDir,
}

impl Drop for Hall {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn now() -> i64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970");
    now.as_millis().try_into().expect("not yet so late")
}

impl Hall {
    pub(crate) async fn open(config: SessionsConfig, rules: Rules) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().expect("a folder");
        let store = SqliteStore::open(folder.path().join("state.db"), Options::default());
        let store: Arc<dyn Store> = Arc::new(store.expect("a store"));
        let nodes = Nodes::open(store.clone(), Arc::new(now), NodesConfig::default())
            .await
            .expect("nodes");
        let key = SigningKey::from_bytes(&[7; 32]);
        let kept = store.clone();
        let (mut center, work) = keep_at_work(move || {
            let key = key.clone();
            Setup {
                config: Config {
                    rules,
                    ..Config::default()
                },
                store: kept.clone(),
                holder: None,
                figures: Arc::default(),
                results: Arc::default(),
                secret: DaySecret::new(20_000, [1; 32]),
                signer: Arc::new(move |bytes| key.sign(bytes).to_bytes()),
                clock: Arc::new(now),
            }
        });
        tokio::spawn(work);
        center.wait().await.expect("a dispatcher");
        let mut catalog = Catalog::default();
        let nap = json!([{"id": "nap", "job_type": "generic_compute",
            "command": ["sleep", {"arg": "seconds", "is": {"int": {"min": 0, "max": 300}}}]}]);
        catalog.add_json(&nap.to_string()).expect("a manifest");
        let hub = Hub::new(HubSetup {
            config,
            name: "hub.example".to_owned(),
            nodes: nodes.clone(),
            center: center.clone(),
            store: store.clone(),
            catalog: Arc::new(catalog),
            standing: Arc::new(|_| Standing::default()),
            clock: Arc::new(now),
        });
        let state = ApiState::bare("localnet (simulated)")
            .expect("a state")
            .with_hub(hub);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let endpoint = format!("ws://{}", listener.local_addr().expect("an address"));
        let stop = CancellationToken::new();
        tokio::spawn(hypernode_api::serve(listener, None, state, stop.clone()));
        Self {
            nodes,
            endpoint,
            center,
            store,
            stop,
            _folder: folder,
        }
    }

    /// A double of this dialect with a token of its own.
    pub(crate) async fn double(&self, dialect: &str, options: &[&str]) -> Double {
        let token = self
            .nodes
            .issue_token(WALLET, false)
            .await
            .expect("a token");
        Double::start(dialect, &self.endpoint, token.expose(), options)
    }

    /// A paid job of so many seconds for nodes of this model.
    pub(crate) async fn submit(&self, number: u128, model: &str, seconds: i64) -> JobId {
        let content = Content {
            job_type: "generic_compute".to_owned(),
            model: "default".to_owned(),
            input: json!({}),
            requirements: json!({}),
            manifest: Some("nap".to_owned()),
            args: Args::from([("seconds".to_owned(), Arg::Int(seconds))]),
        };
        let submission = Submission {
            id: JobId::uuid(number),
            terms: Terms {
                owner: Address([5; 32]),
                submitted_at: now(),
                max_duration_s: 120,
                max_retries: 3,
                priority: 5,
                pay: Pay::UpTo(10_000_000),
            },
            needs: Needs {
                gpu_model: Some(model.to_owned()),
                ..Needs::default()
            },
            content: Digest([number as u8; 32]),
            nonce: Vec::new(),
            waits: false,
            key: None,
        };
        let order = Order {
            submission,
            kind: "generic_compute".to_owned(),
            content: serde_json::to_vec(&content).expect("json"),
            beside: Vec::new(),
        };
        self.center
            .now()
            .expect("a dispatcher")
            .submit(order)
            .await
            .expect("accepted")
    }

    pub(crate) async fn state(&self, job: JobId) -> State {
        let query = GetJob {
            id: job.to_string(),
            content: false,
            outcome: false,
        };
        let whole = self.store.ask(query).await.expect("read").expect("a job");
        serde_json::from_slice::<Record>(&whole.job.record)
            .expect("a record")
            .job
            .state
    }

    /// Waits until the job is completed.
    pub(crate) async fn completed(&self, job: JobId, patience: Duration) -> State {
        let begun = Instant::now();
        loop {
            let state = self.state(job).await;
            if matches!(state, State::Completed { .. }) {
                return state;
            }
            assert!(begun.elapsed() < patience, "the job stays {state:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The node of a double, once it has registered.
    pub(crate) async fn node(&self, hostname: &str) -> NodeView {
        let begun = Instant::now();
        loop {
            let mut nodes = self.nodes.of_wallet(WALLET).into_iter();
            if let Some(node) = nodes.find(|view| view.node.about.described.hostname == hostname) {
                return node;
            }
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "{hostname} has not registered"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub(crate) async fn earned(&self, node: &NodeView) -> Earnings {
        let by = Earner::Node(node.node.name().to_string());
        self.store.ask(Earned { by }).await.expect("sums")
    }
}

/// Where the doubles are.
pub(crate) fn scripts() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../dispatch/tests/doubles")
}

/// Whether there is a Python to run them with; without one such tests say so and pass, but not where everything must run.
pub(crate) fn has_python() -> bool {
    let found = Command::new("python3")
        .arg("--version")
        .output()
        .is_ok_and(|out| out.status.success());
    assert!(
        found || std::env::var("CI").as_deref() != Ok("true"),
        "python3 is needed for the doubles"
    );
    if !found {
        eprintln!("skipped: there is no python3 to run the doubles with");
    }
    found
}

/// A host program that runs.
pub(crate) struct Double {
    child: Child,
    lines: Arc<Mutex<Vec<Value>>>,
}

impl Double {
    fn start(dialect: &str, endpoint: &str, token: &str, options: &[&str]) -> Self {
        let mut child = Command::new("python3")
            .arg("-B")
            .arg(scripts().join("host.py"))
            .args([dialect, "--endpoint", endpoint, "--token", token])
            .args(options)
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3");
        let lines = Arc::new(Mutex::new(Vec::new()));
        let (out, told) = (child.stdout.take().expect("piped"), lines.clone());
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                let line = serde_json::from_str(&line).unwrap_or(Value::String(line));
                told.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(line);
            }
        });
        Self { child, lines }
    }

    /// What it has said and heard.
    pub(crate) fn lines(&self) -> Vec<Value> {
        self.lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Frames of this type that it sent or got.
    pub(crate) fn frames(&self, what: &str, kind: &str) -> Vec<Value> {
        let lines = self.lines().into_iter();
        let fits = lines.filter(|line| line["what"] == what && line["frame"]["type"] == kind);
        fits.map(|line| line["frame"].clone()).collect()
    }
}

impl Double {
    /// Waits until it has got a frame of this type.
    pub(crate) async fn has_got(&self, kind: &str) {
        let begun = Instant::now();
        while self.frames("got", kind).is_empty() {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "no `{kind}`: {:?}",
                self.lines()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
