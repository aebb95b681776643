//! The formula of the engine before this one, `reputation_weighted`.

use super::draw::{Candidate, TOP};

/// So many of the best by reputation take part.
const CONSIDERED: usize = 50;

/// What the old formula looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LegacyNode {
    /// 0 to 1000.
    pub reputation: u16,
    /// Jobs completed.
    pub completed: u32,
    /// Jobs failed.
    pub failed: u32,
    /// VRAM over what the job needs, in thousandths, at most 1,000; 1,000 where it needs none.
    pub vram: u16,
}

/// In millionths: 0.4 × reputation / 1000 + 0.4 × completed / (completed + failed + 1) + 0.2 × VRAM.
pub fn legacy_score(node: &LegacyNode) -> u32 {
    let runs = u64::from(node.completed) + u64::from(node.failed) + 1;
    let rate = 400_000 * u64::from(node.completed) / runs;
    let reputation = 400 * u64::from(node.reputation.min(1000));
    (reputation + rate + 200 * u64::from(node.vram.min(1000))) as u32
}

/// The best of the first fifty by reputation and completed jobs. Equal ones keep that order.
pub(super) fn best(mut nodes: Vec<Candidate>) -> Vec<Candidate> {
    let order = |c: &Candidate| {
        use std::cmp::Reverse;
        (Reverse(c.reputation), Reverse(c.completed), c.node)
    };
    nodes.sort_unstable_by_key(order);
    nodes.truncate(CONSIDERED);
    for node in &mut nodes {
        // Whoever passed the filter has the VRAM.
        node.utility = u64::from(legacy_score(&LegacyNode {
            reputation: node.reputation,
            completed: node.completed,
            failed: node.failed,
            vram: 1000,
        }));
    }
    nodes.sort_by_key(|node| std::cmp::Reverse(node.utility));
    nodes.truncate(TOP);
    nodes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_values() {
        let known = LegacyNode {
            reputation: 500,
            completed: 9,
            failed: 0,
            vram: 1000,
        };
        assert_eq!(legacy_score(&known), 760_000);
        let new = LegacyNode {
            reputation: 100,
            completed: 0,
            failed: 0,
            vram: 1000,
        };
        assert_eq!(legacy_score(&new), 240_000);
    }
}
