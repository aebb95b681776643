//! The best few, and the one that is drawn.

use hypernode_state::Digest;
use serde::{Deserialize, Serialize};

use super::price::{FACTOR_BITS, price_factor};
use super::quality::{self, Partial};
use super::seed::Seed;
use crate::ids::NodeId;

/// So many of the best take part in the draw.
pub const TOP: usize = 5;
/// A node with fewer units of evidence and fewer runs here than this is a newcomer.
pub const NEWCOMER_BELOW: u32 = 10;
/// In so many of a thousand decisions a newcomer is taken, where there is one.
const EXPLORED_PER_MILLE: u64 = 50;

/// A node that took part, with all that its place rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// The node.
    pub node: NodeId,
    /// HNR-1, 0 to 1000.
    pub reputation: u16,
    /// Raw HYPER.
    pub stake: u64,
    /// Runs completed here.
    pub completed: u32,
    /// Runs that came to nothing by the node's doing.
    pub failed: u32,
    /// Jobs that it had.
    pub running: u16,
    /// Jobs that it runs at a time.
    pub slots: u16,
    /// Median response time in ms.
    pub rtt_ms: u32,
    /// Raw HYPER per second.
    pub ask: u64,
    /// The five parts of its quality.
    pub partial: Partial,
    /// U.
    pub utility: u64,
}

impl Candidate {
    /// The five parts, from what stands beside them.
    pub fn parts(&self, half_stake: u64) -> Partial {
        Partial {
            reputation: quality::reputation(self.reputation),
            stake: quality::stake(self.stake, half_stake),
            completion: quality::completion(self.completed, self.failed),
            capacity: quality::capacity(self.running, self.slots),
            latency: quality::latency_score(self.rtt_ms),
        }
    }
}

/// Q × min(2, p_ref / p)^γ.
pub(super) fn utility(quality: u32, reference: u16, ask: u16, gamma: u8) -> u64 {
    let factor = match gamma {
        0 => 1 << FACTOR_BITS,
        gamma => price_factor(reference, ask, gamma),
    };
    (u64::from(quality) * factor) >> FACTOR_BITS
}

/// U⁴ on 15 bits: at most 2^60, and never 0, so that every candidate can be drawn.
pub(super) fn weight(utility: u64) -> u64 {
    let coarse = (utility >> 8).min(1 << 15);
    coarse.pow(4).max(1)
}

/// The place of the one that is drawn among `utilities`.
pub(super) fn draw(utilities: impl Iterator<Item = u64> + Clone, seed: &Seed) -> usize {
    let total: u128 = utilities.clone().map(|u| u128::from(weight(u))).sum();
    let mut left = (u128::from(seed.lot("draw")) * total) >> 64;
    for (place, utility) in utilities.enumerate() {
        let weight = u128::from(weight(utility));
        if left < weight {
            return place;
        }
        left -= weight;
    }
    0
}

/// Whether this decision goes to a newcomer, if there is one.
pub(super) fn explores(seed: &Seed) -> bool {
    seed.lot("explore") % 1000 < EXPLORED_PER_MILLE
}

/// The order of newcomers in a decision that explores: the lowest is taken.
pub(super) fn newcomer_key(seed: &Seed, node_key: u64) -> u64 {
    let z = (seed.short() ^ node_key).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A choice and all that it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The node.
    pub chosen: NodeId,
    /// Its ask.
    pub ask: u64,
    /// Whether a newcomer was taken instead of one that was drawn; then it is the last candidate.
    pub explored: bool,
    /// Nodes that passed the filter.
    pub eligible: u32,
    /// The sum, lane by lane, of the state hashes of all that passed.
    pub snapshot: Digest,
    /// The place of the median ask on the scale of eighths of an octave.
    pub reference: u16,
    /// The best, in order.
    pub candidates: Vec<Candidate>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_follow_the_weights() {
        let utilities = [800_000_u64, 400_000, 400_000];
        let mut drawn = [0_u32; 3];
        for n in 0..20_000_u32 {
            let mut seed = [0; 32];
            seed[..4].copy_from_slice(&n.to_le_bytes());
            drawn[draw(utilities.iter().copied(), &Seed(seed))] += 1;
        }
        // 16 : 1 : 1.
        let share = f64::from(drawn[0]) / 20_000.0;
        assert!((share - 16.0 / 18.0).abs() < 0.01, "{drawn:?}");
        assert!(drawn[1] > 900 && drawn[2] > 900, "{drawn:?}");
    }

    #[test]
    fn one_decision_of_twenty_explores() {
        let explored = (0..20_000_u32).filter(|n| {
            let mut seed = [9; 32];
            seed[..4].copy_from_slice(&n.to_le_bytes());
            explores(&Seed(seed))
        });
        let count = explored.count();
        assert!((900..1_100).contains(&count), "{count}");
    }
}
