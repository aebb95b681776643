//! A registry over a store in a folder, by a clock of its own.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use hypernode_dispatch::nodes::{Nodes, NodesConfig};
use hypernode_state::sqlite::{Options, SqliteStore};
use hypernode_state::{Address, Store};
use hypernode_wire::{Gpu, HostInfo};

pub(crate) const WALLET: Address = Address([3; 32]);
pub(crate) const OTHER: Address = Address([4; 32]);

/// A clock that is set by hand.
#[derive(Clone)]
pub(crate) struct Hand(Arc<AtomicI64>);

impl Hand {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicI64::new(1_700_000_000_000)))
    }

    pub(crate) fn pass(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }

    pub(crate) fn now(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

pub(crate) fn store(folder: &Path) -> Arc<dyn Store> {
    let store = SqliteStore::open(folder.join("state.db"), Options::default());
    Arc::new(store.expect("a store"))
}

pub(crate) async fn nodes(store: Arc<dyn Store>, hand: &Hand, config: NodesConfig) -> Nodes {
    let hand = hand.clone();
    let nodes = Nodes::open(store, Arc::new(move || hand.now()), config).await;
    nodes.expect("what was kept can be read")
}

pub(crate) fn host(name: &str) -> HostInfo {
    HostInfo {
        hostname: name.to_owned(),
        os: "Linux 6.8".to_owned(),
        gpus: vec![Gpu {
            name: "NVIDIA GeForce RTX 4090".to_owned(),
            memory_mb: Some(24_576),
            memory_free_mb: None,
            utilization_percent: None,
        }],
        ..HostInfo::default()
    }
}
