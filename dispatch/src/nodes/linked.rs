//! Hosts with keys of their own. The wallet that owns a node vouches for its host's key, and the node is linked to its
//! account on chain by that.

use hypernode_state::Address;
use hypernode_wire::{Dialect, HostInfo};

use super::live::{Live, SOCKET_MS};
use super::record::{Described, Node, Route};
use super::register::{Admitted, about, new};
use super::{Nodes, NodesError, host};
use hypernode_state::Unit;

/// A host that has proven its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProvenHost {
    /// The key.
    pub key: Address,
    /// The wallet that vouches for it, if one does.
    pub owner: Option<Address>,
    /// The node on chain that it speaks for.
    pub chain: Option<Address>,
}

impl Nodes {
    /// Lets in a host that has proven its key. It is the node that its chain account, its key or its token names, in this
    /// order; a new one of its owner otherwise. Whoever has neither an owner nor a token is nobody's host.
    ///
    /// # Errors
    /// As [`Nodes::admit`].
    pub async fn admit_proven(
        &self,
        proven: ProvenHost,
        token: Option<&str>,
        host: &HostInfo,
        dialect: Dialect,
    ) -> Result<Admitted, NodesError> {
        let known = {
            let index = self.0.index();
            let by_chain = proven.chain.and_then(|chain| index.of_chain(chain));
            by_chain.or_else(|| index.of_key(proven.key)).cloned()
        };
        let mut admitted = match (known, token, proven.owner) {
            (Some(entry), ..) => {
                let id = entry.view().node.id;
                self.welcome(id, host, dialect, Some(proven.key)).await?
            }
            (None, Some(token), _) => {
                self.admit_as(token, host, dialect, Some(proven.key))
                    .await?
            }
            (None, None, Some(owner)) => self.add_linked(owner, proven, host, dialect).await?,
            (None, None, None) => return Err(NodesError::Token),
        };
        if let Some(owner) = proven.owner {
            admitted.node = self.link(&admitted, owner, proven.chain).await?;
        }
        Ok(admitted)
    }

    async fn add_linked(
        &self,
        owner: Address,
        proven: ProvenHost,
        host: &HostInfo,
        dialect: Dialect,
    ) -> Result<Admitted, NodesError> {
        let now = self.now();
        let mut about = about(Described::default(), self.0.config.ask, Route::Socket, now);
        about.host_key = Some(proven.key);
        host::apply(host, dialect, &mut about);
        let mut node = new(owner, about)?;
        node.chain = proven.chain;
        let live = Live::since(now, SOCKET_MS);
        let node = self.add(node, live, Unit::new(), now).await?;
        Ok(Admitted {
            node,
            created: true,
        })
    }

    /// Writes down what the owner vouches for. A node never changes its wallet by that.
    async fn link(
        &self,
        admitted: &Admitted,
        owner: Address,
        chain: Option<Address>,
    ) -> Result<super::NodeView, NodesError> {
        let node = &admitted.node.node;
        if node.wallet != owner {
            return Err(NodesError::NotYours(node.id.to_string()));
        }
        if chain.is_none() || node.chain == chain {
            return Ok(admitted.node.clone());
        }
        let entry = self.entry(node.id).ok_or(NodesError::Unknown)?;
        let link = |node: &mut Node| {
            node.chain = chain;
            true
        };
        self.change(&entry, link).await
    }
}
