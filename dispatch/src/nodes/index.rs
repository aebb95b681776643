//! Where nodes are found in memory.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hypernode_state::{Address, UnixMs};

use super::live::Live;
use super::record::{Node, NodeView, Route};
use crate::ids::{Id, NodeId};

/// A node in memory.
#[derive(Debug)]
pub(super) struct Entry {
    known: Mutex<Known>,
    /// The version in the store, and the turn to change it.
    pub(super) version: tokio::sync::Mutex<u64>,
    /// Rises when a token of the node is revoked: whoever signed on before it must sign on again.
    epoch: AtomicU64,
}

/// What is known of it.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) node: Arc<Node>,
    pub(super) live: Live,
    /// When the signs of life were last written.
    pub(super) written_at: UnixMs,
}

impl Entry {
    pub(super) fn new(node: Node, live: Live, version: u64, written_at: UnixMs) -> Arc<Self> {
        Arc::new(Self {
            known: Mutex::new(Known {
                node: Arc::new(node),
                live,
                written_at,
            }),
            version: tokio::sync::Mutex::new(version),
            epoch: AtomicU64::new(0),
        })
    }

    pub(super) fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn view(&self) -> NodeView {
        let known = self.known();
        NodeView {
            node: known.node.clone(),
            live: known.live.clone(),
        }
    }

    pub(super) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Relaxed)
    }

    pub(super) fn turn_epoch(&self) {
        self.epoch.fetch_add(1, Ordering::Relaxed);
    }
}

/// All nodes.
#[derive(Debug, Default)]
pub(super) struct Index {
    entries: HashMap<NodeId, Arc<Entry>>,
    /// In the order of registration.
    order: BTreeMap<(UnixMs, NodeId), Arc<Entry>>,
    wallets: HashMap<Address, BTreeSet<(UnixMs, NodeId)>>,
    chain: HashMap<Address, NodeId>,
    keys: HashMap<Address, NodeId>,
    http: HashMap<Address, NodeId>,
    /// Nodes that are being added, by wallet and together.
    pub(super) coming: HashMap<Address, u32>,
    pub(super) all_coming: u32,
}

impl Index {
    /// By either of its names.
    pub(super) fn get(&self, name: NodeId) -> Option<&Arc<Entry>> {
        self.entries.get(&name).or_else(|| match name.0 {
            Id::Address(chain) => self.of_chain(chain),
            Id::Uuid(_) => None,
        })
    }

    pub(super) fn of_chain(&self, chain: Address) -> Option<&Arc<Entry>> {
        self.entries.get(self.chain.get(&chain)?)
    }

    pub(super) fn of_key(&self, key: Address) -> Option<&Arc<Entry>> {
        self.entries.get(self.keys.get(&key)?)
    }

    /// The one that was registered over HTTP.
    pub(super) fn http(&self, wallet: Address) -> Option<&Arc<Entry>> {
        self.entries.get(self.http.get(&wallet)?)
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn count(&self, wallet: Address) -> usize {
        self.wallets.get(&wallet).map_or(0, BTreeSet::len)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.order.values()
    }

    /// In order, after a place.
    pub(super) fn after(
        &self,
        place: Option<(UnixMs, NodeId)>,
    ) -> impl Iterator<Item = &Arc<Entry>> {
        use std::ops::Bound::{Excluded, Unbounded};
        let from = place.map_or(Unbounded, Excluded);
        self.order.range((from, Unbounded)).map(|(_, entry)| entry)
    }

    pub(super) fn of_wallet(&self, wallet: Address) -> impl Iterator<Item = &Arc<Entry>> {
        let places = self.wallets.get(&wallet).into_iter().flatten();
        places.filter_map(|place| self.order.get(place))
    }

    pub(super) fn insert(&mut self, entry: &Arc<Entry>) {
        let node = entry.known().node.clone();
        let place = (node.about.registered_at, node.id);
        self.entries.insert(node.id, entry.clone());
        self.order.insert(place, entry.clone());
        self.wallets.entry(node.wallet).or_default().insert(place);
        self.name(&node);
        if node.about.route == Route::Http {
            self.http.insert(node.wallet, node.id);
        }
    }

    /// Its other names, which may have come later.
    pub(super) fn name(&mut self, node: &Node) {
        if let Some(chain) = node.chain {
            self.chain.insert(chain, node.id);
        }
        if let Some(key) = node.about.host_key {
            self.keys.insert(key, node.id);
        }
    }

    pub(super) fn remove(&mut self, node: &Node) {
        let place = (node.about.registered_at, node.id);
        self.entries.remove(&node.id);
        self.order.remove(&place);
        if let Some(places) = self.wallets.get_mut(&node.wallet) {
            places.remove(&place);
            if places.is_empty() {
                self.wallets.remove(&node.wallet);
            }
        }
        let is_its = |id: Option<&NodeId>| id == Some(&node.id);
        if let Some(chain) = node.chain
            && is_its(self.chain.get(&chain))
        {
            self.chain.remove(&chain);
        }
        if let Some(key) = node.about.host_key
            && is_its(self.keys.get(&key))
        {
            self.keys.remove(&key);
        }
        if is_its(self.http.get(&node.wallet)) {
            self.http.remove(&node.wallet);
        }
    }
}
