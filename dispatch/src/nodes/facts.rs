//! What the matchmaker is told of a node.

use super::record::NodeView;
use crate::matching::{NodeFacts, Runs};

/// What the chain says of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// HNR-1, 0 to 1000.
    pub reputation: u16,
    /// Units of evidence behind it, rounded down.
    pub evidence: u32,
    /// Raw HYPER.
    pub stake: u64,
}

impl Default for Standing {
    /// Of a host that is no chain node.
    fn default() -> Self {
        Self {
            reputation: hypernode_score::constants::PRIOR,
            evidence: 0,
            stake: 0,
        }
    }
}

impl NodeView {
    /// What the matchmaker is told.
    pub fn facts(&self, standing: Standing) -> NodeFacts {
        let (node, known) = (&self.node, &self.node.about.described);
        NodeFacts {
            id: node.name(),
            owner: node.wallet,
            online: true,
            model: known.model().to_owned(),
            vram_mb: known.vram_mb,
            capabilities: known.capabilities.clone(),
            reputation: standing.reputation,
            evidence: standing.evidence,
            stake: standing.stake,
            completed: self.live.completed,
            failed: self.live.failed,
            rtt_ms: self.live.rtt_ms,
            ask: node.about.ask,
            slots: known.slots,
            running: 0,
            sandboxed: known.sandboxed,
            runs: Runs::Manifests,
        }
    }
}
