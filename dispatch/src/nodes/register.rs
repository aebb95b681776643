//! Nodes that come and go.

use hypernode_accounts::random_bytes;
use hypernode_state::nodes::{ListTokens, NodeDrop, NodeRefusal, TokenBind, TokenRevoke};
use hypernode_state::{Address, Refusal, StoreError, StoreExt, Unit, UnixMs, limits};
use hypernode_wire::{Dialect, HostInfo, Secret};

use super::fields::Fields;
use super::index::Entry;
use super::live::{HTTP_MS, Live, SOCKET_MS, status};
use super::record::{About, Described, Node, NodeView, Route};
use super::registry::put;
use super::tokens::{digest, hides_location, node_token};
use super::{Nodes, NodesError, host};
use crate::ids::NodeId;

/// What became of a registration over HTTP.
#[derive(Clone, Debug)]
pub struct Registered {
    /// The node.
    pub node: NodeView,
    /// Whether it is new.
    pub created: bool,
    /// The node's token, of a new node: shown once.
    pub token: Option<Secret>,
}

/// A host that was let in on a socket.
#[derive(Clone, Debug)]
pub struct Admitted {
    /// The node.
    pub node: NodeView,
    /// Whether it is new.
    pub created: bool,
}

impl Nodes {
    /// Registers the one node that a wallet has by this route, or takes what is said of it anew. The caller has made sure
    /// that it is the wallet, or the node, that asks.
    ///
    /// # Errors
    /// When there is no place for it, or the store fails.
    pub async fn register_http(
        &self,
        wallet: Address,
        fields: &Fields,
    ) -> Result<Registered, NodesError> {
        let _turn = self.turn(wallet).lock().await;
        let now = self.now();
        let known = self.0.index().http(wallet).cloned();
        if let Some(entry) = known {
            back(&entry, HTTP_MS, now);
            let change = |node: &mut Node| {
                fields.apply(&mut node.about.described);
                node.about.ask = fields.ask.unwrap_or(node.about.ask);
                node.about.updated_at = now;
                true
            };
            let node = self.change(&entry, change).await?;
            return Ok(Registered {
                node,
                created: false,
                token: None,
            });
        }
        let mut described = Described::default();
        fields.apply(&mut described);
        let ask = fields.ask.unwrap_or(self.0.config.ask);
        let node = new(wallet, about(described, ask, Route::Http, now))?;
        let token = node_token()?;
        let mut unit = Unit::new();
        unit.add(self.issue(&token, wallet, now));
        unit.add(TokenBind {
            token: digest(&token),
            node: node.id.to_string(),
            at: now,
        });
        let node = self.add(node, Live::since(now, HTTP_MS), unit, now).await?;
        Ok(Registered {
            node,
            created: true,
            token: Some(Secret::new(token)),
        })
    }

    /// Lets in the host that shows `token`: the first use makes a node, every later one is that node again. Whether the
    /// node is connected already is the caller's to see to.
    ///
    /// # Errors
    /// [`NodesError::Token`]; when there is no place for it; the store's.
    pub async fn admit(
        &self,
        token: &str,
        host: &HostInfo,
        dialect: Dialect,
    ) -> Result<Admitted, NodesError> {
        self.admit_as(token, host, dialect, None).await
    }

    pub(super) async fn admit_as(
        &self,
        token: &str,
        host: &HostInfo,
        dialect: Dialect,
        key: Option<Address>,
    ) -> Result<Admitted, NodesError> {
        let (now, hash) = (self.now(), digest(token));
        let (wallet, bound) = self.good(hash, now).await?;
        if let Some(id) = bound {
            return self.welcome(id, host, dialect, key).await;
        }
        let mut about = about(Described::default(), self.0.config.ask, Route::Socket, now);
        about.described.hide_location = hides_location(token);
        about.host_key = key;
        host::apply(host, dialect, &mut about);
        let node = new(wallet, about)?;
        let mut unit = Unit::new();
        unit.add(TokenBind {
            token: hash,
            node: node.id.to_string(),
            at: now,
        });
        match self.add(node, Live::since(now, SOCKET_MS), unit, now).await {
            Ok(node) => Ok(Admitted {
                node,
                created: true,
            }),
            // Another socket was faster with the same token: then this is that node.
            Err(NodesError::Store(StoreError::Refused {
                why: Refusal::Node(NodeRefusal::TokenUsed { .. }),
                ..
            })) => match self.good(hash, now).await? {
                (_, Some(id)) => self.welcome(id, host, dialect, key).await,
                (_, None) => Err(NodesError::Token),
            },
            Err(NodesError::Store(StoreError::Refused {
                why: Refusal::Node(_),
                ..
            })) => Err(NodesError::Token),
            Err(error) => Err(error),
        }
    }

    /// The host of a session that goes on comes back.
    ///
    /// # Errors
    /// [`NodesError::Token`] where the node was deregistered, or the store's.
    pub async fn back(
        &self,
        id: NodeId,
        host: &HostInfo,
        dialect: Dialect,
    ) -> Result<Admitted, NodesError> {
        self.welcome(id, host, dialect, None).await
    }

    /// A node that is known comes back.
    pub(super) async fn welcome(
        &self,
        id: NodeId,
        host: &HostInfo,
        dialect: Dialect,
        key: Option<Address>,
    ) -> Result<Admitted, NodesError> {
        let entry = self.entry(id).ok_or(NodesError::Token)?;
        let now = self.now();
        // What is the same as before is not written: a storm of hosts that come back costs the disk nothing.
        let change = |node: &mut Node| {
            let described = host::apply(host, dialect, &mut node.about);
            let keyed = key.is_some() && node.about.host_key != key;
            if keyed {
                node.about.host_key = key;
            }
            if described || keyed {
                node.about.updated_at = now;
            }
            described || keyed
        };
        self.change(&entry, change).await?;
        back(&entry, SOCKET_MS, now);
        Ok(Admitted {
            node: entry.view(),
            created: false,
        })
    }

    /// Forgets a node of `wallet`, with its tokens. What it earned stays.
    ///
    /// # Errors
    /// [`NodesError::Unknown`], [`NodesError::NotYours`], or the store's.
    pub async fn deregister(&self, name: NodeId, wallet: Address) -> Result<NodeView, NodesError> {
        let entry = self.entry(name).ok_or(NodesError::Unknown)?;
        let view = entry.view();
        if view.node.wallet != wallet {
            return Err(NodesError::NotYours(name.to_string()));
        }
        let (id, at) = (view.node.id.to_string(), self.now());
        let version = entry.version.lock().await;
        if self.entry(view.node.id).is_none() {
            return Err(NodesError::Unknown);
        }
        let mut unit = Unit::new();
        unit.add(NodeDrop {
            id: id.clone(),
            version: *version,
        });
        let limit = limits::MANY;
        for token in self.0.store.ask(ListTokens { wallet, limit }).await? {
            if token.node.as_ref() == Some(&id)
                && token.revoked_at.is_none()
                && unit.ops().len() < limits::OPS
            {
                unit.add(TokenRevoke {
                    token: token.token,
                    at,
                });
            }
        }
        self.0.store.apply(unit).await?;
        entry.turn_epoch();
        self.0.index_mut().remove(&view.node);
        Ok(view)
    }

    /// Adds a node, with what must be kept beside it.
    pub(super) async fn add(
        &self,
        node: Node,
        live: Live,
        beside: Unit,
        now: UnixMs,
    ) -> Result<NodeView, NodesError> {
        let place = self.place(node.wallet)?;
        let mut unit = beside;
        unit.push(put(&node, &live, 0, now)?);
        self.0.store.apply(unit).await?;
        let entry = Entry::new(node, live, 1, now);
        self.0.index_mut().insert(&entry);
        drop(place);
        Ok(entry.view())
    }
}

/// It is there again, and is told how often to show life.
fn back(entry: &Entry, interval_ms: u32, now: UnixMs) {
    let live = &mut entry.known().live;
    live.interval_ms = interval_ms;
    live.status = status(None);
    live.beat(now);
}

pub(super) fn about(described: Described, ask: u64, route: Route, now: UnixMs) -> About {
    About {
        described,
        ask,
        route,
        host_key: None,
        registered_at: now,
        updated_at: now,
        tested: false,
    }
}

pub(super) fn new(wallet: Address, about: About) -> Result<Node, NodesError> {
    let id = NodeId::uuid(u128::from_be_bytes(random_bytes()?));
    Ok(Node {
        id,
        wallet,
        chain: None,
        about,
    })
}
