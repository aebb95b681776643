//! The registry itself: what is there, and how one node is changed.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use hypernode_state::nodes::{ListNodes, NodePut, NodeRefusal};
use hypernode_state::{Address, Refusal, Store, StoreError, StoreExt, UnixMs, limits};
use serde::{Deserialize, Serialize};

use super::NodesError;
use super::index::{Entry, Index};
use super::live::Live;
use super::record::{About, DEFAULT_ASK, Node, NodeView};
use crate::ids::NodeId;
use crate::service::Clock;

/// Turns to register over HTTP: two requests of one wallet take the same.
const TURNS: usize = 64;

/// Limits that an operator may set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NodesConfig {
    /// Nodes of one wallet.
    pub most_per_wallet: u32,
    /// Nodes of all.
    pub most_nodes: u32,
    /// Tokens of one wallet that are not used yet.
    pub most_tokens: u32,
    /// How long a token may wait for its first use, in ms.
    pub token_ms: i64,
    /// What a node asks that names no price: raw HYPER per second.
    pub ask: u64,
    /// Signs of life of a node are written at most this often, in ms.
    pub write_ms: i64,
}

impl Default for NodesConfig {
    fn default() -> Self {
        Self {
            most_per_wallet: 1_000,
            most_nodes: 200_000,
            most_tokens: 100,
            token_ms: 3_600_000,
            ask: DEFAULT_ASK,
            write_ms: 60_000,
        }
    }
}

/// The registry. Clones share it.
#[derive(Clone, Debug)]
pub struct Nodes(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Clock,
    pub(super) config: NodesConfig,
    index: RwLock<Index>,
    turns: Vec<tokio::sync::Mutex<()>>,
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let nodes = self.index().len();
        f.debug_struct("Nodes")
            .field("nodes", &nodes)
            .finish_non_exhaustive()
    }
}

/// A node's record.
#[derive(Serialize, Deserialize)]
struct Kept {
    about: About,
    live: Live,
}

/// A place for a node that is being added; given back when it is not.
pub(super) struct Place {
    nodes: Nodes,
    wallet: Address,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut index = self.nodes.0.index_mut();
        index.all_coming = index.all_coming.saturating_sub(1);
        if let Some(coming) = index.coming.get_mut(&self.wallet) {
            *coming -= 1;
            if *coming == 0 {
                index.coming.remove(&self.wallet);
            }
        }
    }
}

impl Inner {
    pub(super) fn index(&self) -> RwLockReadGuard<'_, Index> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn index_mut(&self) -> RwLockWriteGuard<'_, Index> {
        self.index.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Nodes {
    /// The nodes that were kept in `store`.
    ///
    /// # Errors
    /// The store's, or a record that cannot be read.
    pub async fn open(
        store: Arc<dyn Store>,
        clock: Clock,
        config: NodesConfig,
    ) -> Result<Self, NodesError> {
        let mut index = Index::default();
        let mut after = None;
        loop {
            let limit = limits::PAGE;
            let page = store
                .ask(ListNodes {
                    wallet: None,
                    after,
                    limit,
                })
                .await?;
            for kept in &page {
                let unreadable = |error: String| NodesError::Record {
                    node: kept.id.clone(),
                    error,
                };
                let id = kept
                    .id
                    .parse()
                    .map_err(|_| unreadable("its id is none of ours".to_owned()))?;
                let Kept { about, live } = serde_json::from_slice(&kept.record)
                    .map_err(|error| unreadable(error.to_string()))?;
                let node = Node {
                    id,
                    wallet: kept.wallet,
                    chain: kept.chain,
                    about,
                };
                index.insert(&Entry::new(node, live, kept.version, kept.changed_at));
            }
            match page.last() {
                Some(last) => after = Some(last.id.clone()),
                None => break,
            }
        }
        let turns = (0..TURNS).map(|_| tokio::sync::Mutex::new(())).collect();
        Ok(Self(Arc::new(Inner {
            store,
            clock,
            config,
            index: RwLock::new(index),
            turns,
        })))
    }

    /// A node, by either of its names.
    pub fn get(&self, name: NodeId) -> Option<NodeView> {
        Some(self.entry(name)?.view())
    }

    /// A node by its name as text.
    ///
    /// # Errors
    /// [`NodesError::Unknown`].
    pub fn find(&self, name: &str) -> Result<NodeView, NodesError> {
        let id = name.parse().map_err(|_| NodesError::Unknown)?;
        self.get(id).ok_or(NodesError::Unknown)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.index().len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Rises when a token of the node is revoked; `None` where there is no such node. A connection that sees another
    /// number than at its beginning must end.
    pub fn epoch(&self, name: NodeId) -> Option<u64> {
        Some(self.entry(name)?.epoch())
    }

    /// The time by the registry's clock.
    pub fn now(&self) -> UnixMs {
        (self.0.clock)()
    }

    pub(super) fn entry(&self, name: NodeId) -> Option<Arc<Entry>> {
        self.0.index().get(name).cloned()
    }

    pub(super) fn turn(&self, wallet: Address) -> &tokio::sync::Mutex<()> {
        &self.0.turns[usize::from(wallet.0[0]) % TURNS]
    }

    /// A place for one more node.
    pub(super) fn place(&self, wallet: Address) -> Result<Place, NodesError> {
        let config = self.0.config;
        let mut index = self.0.index_mut();
        let coming = index.coming.get(&wallet).copied().unwrap_or(0);
        if index.count(wallet) + coming as usize >= config.most_per_wallet as usize {
            return Err(NodesError::TooMany(config.most_per_wallet));
        }
        if index.len() + index.all_coming as usize >= config.most_nodes as usize {
            return Err(NodesError::Full(config.most_nodes));
        }
        index.coming.insert(wallet, coming + 1);
        index.all_coming += 1;
        drop(index);
        Ok(Place {
            nodes: self.clone(),
            wallet,
        })
    }

    /// Changes a node; it is in the store when this returns, with its signs of life so far. `change` says whether anything
    /// is different: what is not is not written.
    pub(super) async fn change(
        &self,
        entry: &Entry,
        change: impl FnOnce(&mut Node) -> bool,
    ) -> Result<NodeView, NodesError> {
        let mut version = entry.version.lock().await;
        let before = entry.view();
        let mut node = (*before.node).clone();
        if !change(&mut node) {
            return Ok(before);
        }
        let now = self.now();
        *version = self.put(&node, &before.live, *version, now).await?;
        let node = Arc::new(node);
        {
            let mut known = entry.known();
            known.node = node.clone();
            known.written_at = now;
        }
        self.0.index_mut().name(&node);
        Ok(entry.view())
    }

    async fn put(
        &self,
        node: &Node,
        live: &Live,
        version: u64,
        at: UnixMs,
    ) -> Result<u64, NodesError> {
        let put = put(node, live, version, at)?;
        match self.0.store.run(put.clone()).await {
            // After a commit of unknown outcome it may be there already: the store's number is the true one.
            Err(StoreError::Refused {
                why: Refusal::Node(NodeRefusal::Stale { current, .. }),
                ..
            }) => Ok(self
                .0
                .store
                .run(NodePut {
                    version: current,
                    ..put
                })
                .await?),
            done => Ok(done?),
        }
    }
}

/// A node as the store takes it.
pub(super) fn put(
    node: &Node,
    live: &Live,
    version: u64,
    at: UnixMs,
) -> Result<NodePut, NodesError> {
    let kept = Kept {
        about: node.about.clone(),
        live: live.clone(),
    };
    let record =
        serde_json::to_vec(&kept).map_err(|error| NodesError::Unwritable(error.to_string()))?;
    Ok(NodePut {
        id: node.id.to_string(),
        version,
        wallet: node.wallet,
        chain: node.chain,
        record,
        at,
    })
}
