//! What the chain says of nodes: scores, evidence and stakes, as of one slot.

use std::collections::HashMap;

use hypernode_state::UnixMs;

use super::Board;
use crate::ids::NodeId;
use crate::matching::NodeFacts;

/// What the chain says of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The node.
    pub node: NodeId,
    /// HNR-1, 0 to 1000.
    pub reputation: u16,
    /// Units of evidence, rounded down.
    pub evidence: u32,
    /// Raw HYPER.
    pub stake: u64,
}

impl Standing {
    /// HNR-1 of a node that nothing is known of.
    pub const PRIOR: u16 = 364;

    /// A node that the chain says nothing of.
    pub fn prior(node: NodeId) -> Self {
        Self {
            node,
            reputation: Self::PRIOR,
            evidence: 0,
            stake: 0,
        }
    }

    pub(super) fn tell(&self, facts: &mut NodeFacts) {
        facts.reputation = self.reputation.min(1_000);
        facts.evidence = self.evidence;
        facts.stake = self.stake;
    }
}

impl Board {
    /// From now on this counts, and nothing else that the chain said before: nodes that are no longer named are as any
    /// that it says nothing of. An older slot changes nothing.
    pub fn stand(&mut self, slot: u64, nodes: Vec<Standing>, at: UnixMs) {
        if self.slot.is_some_and(|known| slot < known) {
            return;
        }
        let now: HashMap<NodeId, Standing> = nodes.into_iter().map(|s| (s.node, s)).collect();
        let before = std::mem::replace(&mut self.standings, now);
        self.set_slot(slot);
        let gone = before
            .keys()
            .filter(|node| !self.standings.contains_key(node));
        let gone = gone.map(|node| Standing::prior(*node));
        let new = self
            .standings
            .values()
            .filter(|s| before.get(&s.node) != Some(s));
        for standing in gone.chain(new.copied()).collect::<Vec<_>>() {
            let node = standing.node;
            if self.pool.get(node).is_none() {
                continue;
            }
            self.pool.change(node, |facts| standing.tell(facts));
            // What it lacked before it may have now.
            self.freed(node, at);
        }
    }
}
