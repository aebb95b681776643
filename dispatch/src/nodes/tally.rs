//! What a node has done and earned.

use hypernode_state::StoreExt;
use hypernode_state::credits::{Earned, Earner};

use super::record::NodeView;
use super::{Nodes, NodesError};

/// What a node has done and earned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Runs completed.
    pub completed: u64,
    /// Runs that came to nothing by its doing.
    pub failed: u64,
    /// Its part of what its jobs cost, in raw HYPER.
    pub earned: u64,
}

impl Nodes {
    /// What a node has done and earned, under both its names. Earnings are exact; runs that nothing was paid for are
    /// counted in memory and may fall short by those of the last minute before a crash.
    ///
    /// # Errors
    /// The store's.
    pub async fn tally(&self, view: &NodeView) -> Result<Tally, NodesError> {
        let (mut earned, mut credits) = (0_u64, 0_u64);
        for name in view.node.names() {
            let by = Earner::Node(name.to_string());
            let sums = self.0.store.ask(Earned { by }).await?;
            earned = earned.saturating_add(sums.operator);
            credits = credits.saturating_add(sums.credits);
        }
        Ok(Tally {
            completed: credits.max(view.live.completed.into()),
            failed: view.live.failed.into(),
            earned,
        })
    }
}
