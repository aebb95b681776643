//! Lists of nodes.

use hypernode_state::{Address, UnixMs};

use super::live::Presence;
use super::record::NodeView;
use super::{Nodes, NodesError};
use crate::ids::NodeId;

/// Nodes of one page at most.
const PAGE: usize = 1_000;

/// Which nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// With this status word, as shown.
    pub status: Option<String>,
    /// Whose GPU model has this in it, in capitals or not.
    pub gpu_model: Option<String>,
    /// That can do exactly this.
    pub capability: Option<String>,
    /// Of this presence.
    pub presence: Option<Presence>,
    /// Of this wallet.
    pub wallet: Option<Address>,
}

/// Some of the nodes that fit, in the order of their registration.
#[derive(Clone, Debug, PartialEq)]
pub struct NodePage {
    /// The nodes.
    pub nodes: Vec<NodeView>,
    /// After which one to go on; `None` where there are no more.
    pub next: Option<NodeId>,
}

impl Filter {
    fn takes(&self, view: &NodeView, gpu_model: Option<&str>, now: UnixMs) -> bool {
        let known = &view.node.about.described;
        self.status
            .as_ref()
            .is_none_or(|status| view.status(now) == status)
            && gpu_model.is_none_or(|model| known.gpu_model.to_lowercase().contains(model))
            && self
                .capability
                .as_ref()
                .is_none_or(|c| known.capabilities.contains(c))
            && self
                .presence
                .is_none_or(|presence| view.presence(now) == presence)
            && self.wallet.is_none_or(|wallet| view.node.wallet == wallet)
    }
}

impl Nodes {
    /// Nodes that fit, in the order of their registration, after one that may be gone meanwhile; at most `limit`, and 1,000.
    ///
    /// # Errors
    /// [`NodesError::Unknown`] where `after` is no node.
    pub fn list(
        &self,
        filter: &Filter,
        after: Option<NodeId>,
        limit: usize,
    ) -> Result<NodePage, NodesError> {
        let place = match after {
            Some(after) => {
                let node = self.get(after).ok_or(NodesError::Unknown)?.node;
                Some((node.about.registered_at, node.id))
            }
            None => None,
        };
        let (limit, now) = (limit.clamp(1, PAGE), self.now());
        let gpu_model = filter.gpu_model.as_ref().map(|model| model.to_lowercase());
        let takes = |view: &NodeView| filter.takes(view, gpu_model.as_deref(), now);
        let index = self.0.index();
        let mut nodes: Vec<NodeView> = match filter.wallet {
            Some(wallet) => {
                let of_wallet = index.of_wallet(wallet).map(|entry| entry.view());
                let later = |view: &NodeView| {
                    place.is_none_or(|place| (view.node.about.registered_at, view.node.id) > place)
                };
                of_wallet
                    .filter(later)
                    .filter(takes)
                    .take(limit + 1)
                    .collect()
            }
            None => index
                .after(place)
                .map(|entry| entry.view())
                .filter(takes)
                .take(limit + 1)
                .collect(),
        };
        drop(index);
        let more = nodes.len() > limit;
        nodes.truncate(limit);
        let next = nodes.last().filter(|_| more).map(|view| view.node.id);
        Ok(NodePage { nodes, next })
    }

    /// All nodes of a wallet, in the order of their registration.
    pub fn of_wallet(&self, wallet: Address) -> Vec<NodeView> {
        let index = self.0.index();
        index.of_wallet(wallet).map(|entry| entry.view()).collect()
    }

    /// Calls `each` with every node: for sums that go over all.
    pub fn each(&self, mut each: impl FnMut(&NodeView)) {
        let entries: Vec<_> = self.0.index().all().cloned().collect();
        for entry in entries {
            each(&entry.view());
        }
    }
}
