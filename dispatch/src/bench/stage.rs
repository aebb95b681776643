//! A dispatcher with its hub over a store in a folder: what measurements and trials of sockets stand on.

use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use hypernode_state::sqlite::{Options, SqliteStore};
use hypernode_state::{Address, Digest, OpenError, Store, UnixMs};
use hypernode_wire::{Arg, Args, Catalog};
use serde_json::{Map, Value};
use tokio::task::JoinHandle;

use crate::board::{Config, Submission};
use crate::content::Content;
use crate::ids::JobId;
use crate::job::{Pay, Terms};
use crate::matching::Needs;
use crate::matching::seed::DaySecret;
use crate::nodes::{Nodes, NodesConfig, NodesError, Standing};
use crate::service::{Center, Order, Setup, keep_at_work};
use crate::sessions::{Hub, HubSetup, SessionsConfig};

/// The manifest that its jobs run: `sleep` for so many seconds.
const NAP: &str = r#"[{"id": "nap", "job_type": "generic_compute",
    "command": ["sleep", {"arg": "seconds", "is": {"int": {"min": 0, "max": 300}}}]}]"#;

/// A dispatcher with its hub.
#[derive(Debug)]
pub struct Stage {
    /// Sockets of hosts.
    pub hub: Hub,
    /// Who the nodes are.
    pub nodes: Nodes,
    /// Where the dispatcher of now is found.
    pub center: Center,
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    work: JoinHandle<()>,
}

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// The store did not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The nodes were not read.
    #[error(transparent)]
    Nodes(#[from] NodesError),
    /// The dispatcher did not start.
    #[error("the dispatcher did not start: its log says why")]
    Dispatcher,
    /// A task of ours failed.
    #[error("a task failed: {0}")]
    Task(#[from] tokio::task::JoinError),
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.work.abort();
    }
}

/// Unix milliseconds now.
pub fn now() -> UnixMs {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    now.as_millis().try_into().unwrap_or(i64::MAX)
}

impl Stage {
    /// Opens one in `folder`.
    ///
    /// # Errors
    /// [`StageError`].
    pub async fn open(
        folder: &Path,
        board: Config,
        sessions: SessionsConfig,
        nodes: NodesConfig,
    ) -> Result<Self, StageError> {
        let file = folder.join("dispatch.db");
        let opened = tokio::task::spawn_blocking(|| SqliteStore::open(file, Options::default()));
        let store: Arc<dyn Store> = Arc::new(opened.await??);
        let nodes = Nodes::open(store.clone(), Arc::new(now), nodes).await?;
        let kept = store.clone();
        let (mut center, work) = keep_at_work(move || {
            let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
            Setup {
                config: board,
                store: kept.clone(),
                holder: None,
                figures: Arc::default(),
                results: Arc::default(),
                secret: DaySecret::new(0, [1; 32]),
                signer: Arc::new(move |bytes| ed25519_dalek::Signer::sign(&key, bytes).to_bytes()),
                clock: Arc::new(now),
            }
        });
        let work = tokio::spawn(async move {
            if let Err(error) = Box::pin(work).await {
                tracing::error!("{error}");
            }
        });
        center.wait().await.ok_or(StageError::Dispatcher)?;
        let mut catalog = Catalog::default();
        // A text of our own: it fits.
        let _ = catalog.add_json(NAP);
        let hub = Hub::new(HubSetup {
            config: sessions,
            name: "stage".to_owned(),
            nodes: nodes.clone(),
            center: center.clone(),
            store: store.clone(),
            catalog: Arc::new(catalog),
            standing: Arc::new(|_| Standing::default()),
            clock: Arc::new(now),
        });
        Ok(Self {
            hub,
            nodes,
            center,
            store,
            work,
        })
    }

    /// A job that sleeps for no time, for `owner`, who pays `pay` for it.
    pub fn order(number: u128, owner: Address, pay: Pay) -> Order {
        let content = Content {
            job_type: "generic_compute".to_owned(),
            model: "default".to_owned(),
            input: Value::Object(Map::new()),
            requirements: Value::Object(Map::new()),
            manifest: Some("nap".to_owned()),
            args: Args::from([("seconds".to_owned(), Arg::Int(0))]),
        };
        let mut hash = [0; 32];
        hash[..16].copy_from_slice(&number.to_be_bytes());
        Order {
            submission: Submission {
                id: JobId::uuid(number),
                terms: Terms {
                    owner,
                    submitted_at: now(),
                    max_duration_s: 60,
                    max_retries: 3,
                    priority: 5,
                    pay,
                },
                needs: Needs::default(),
                content: Digest(hash),
                nonce: Vec::new(),
                waits: false,
                key: None,
            },
            kind: "generic_compute".to_owned(),
            content: serde_json::to_vec(&content).unwrap_or_default(),
            beside: Vec::new(),
        }
    }
}
