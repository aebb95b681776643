//! A Merkle mountain range: leaves are appended, nothing is ever changed, and the peaks are all that is needed to go on.

use sha2::{Digest as _, Sha256};

use super::encoding::Hash;

/// First byte of an inner node's preimage.
const NODE: u8 = 0x01;
/// First byte of a digest's preimage.
const ROOT: u8 = 0x02;

/// Peaks over the leaves so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Range {
    count: u64,
    /// Roots of the perfect trees, the largest first: one for each bit that is set in the count.
    peaks: Vec<Hash>,
}

impl Range {
    /// A range whose peaks were kept; `None` if their number does not fit the count.
    #[must_use]
    pub fn resume(count: u64, peaks: Vec<Hash>) -> Option<Self> {
        (peaks.len() == count.count_ones() as usize).then_some(Self { count, peaks })
    }

    /// Leaves so far.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The peaks, the largest tree's first.
    #[must_use]
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// Adds a leaf at the end.
    pub fn append(&mut self, leaf: Hash) {
        let mut node = leaf;
        // As many trees as there are trailing ones in the count are merged into one.
        for _ in 0..self.count.trailing_ones() {
            let Some(left) = self.peaks.pop() else { break };
            node = Sha256::new()
                .chain_update([NODE])
                .chain_update(left)
                .chain_update(node)
                .finalize()
                .into();
        }
        self.peaks.push(node);
        self.count += 1;
    }

    /// The digest of the leaves under this header.
    #[must_use]
    pub fn digest(&self, header: &Hash) -> Hash {
        let mut hasher = Sha256::new()
            .chain_update([ROOT])
            .chain_update(header)
            .chain_update(self.count.to_le_bytes());
        for peak in &self.peaks {
            hasher.update(peak);
        }
        hasher.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(n: u64) -> Hash {
        Sha256::digest(n.to_le_bytes()).into()
    }

    /// The root of a perfect tree, from its leaves.
    fn tree(leaves: &[Hash]) -> Hash {
        if let [one] = leaves {
            return *one;
        }
        let (left, right) = leaves.split_at(leaves.len() / 2);
        Sha256::new()
            .chain_update([NODE])
            .chain_update(tree(left))
            .chain_update(tree(right))
            .finalize()
            .into()
    }

    // I-30.
    #[test]
    fn peaks_are_the_roots_of_perfect_trees_and_can_be_kept_at_any_time() {
        let mut range = Range::default();
        for count in 1..200_u64 {
            range.append(leaf(count - 1));
            let (mut start, mut expected) = (0, Vec::new());
            for bit in (0..8).rev().filter(|bit| count & 1 << bit != 0) {
                let leaves: Vec<Hash> = (start..start + (1 << bit)).map(leaf).collect();
                expected.push(tree(&leaves));
                start += 1 << bit;
            }
            assert_eq!(range.peaks(), expected, "{count}");
            let kept = Range::resume(range.count(), range.peaks().to_vec());
            assert_eq!(kept, Some(range.clone()));
        }
        assert_eq!(Range::resume(3, vec![leaf(0)]), None);
    }

    #[test]
    fn count_and_header_are_part_of_the_digest() {
        let empty = Range::default();
        let mut one = Range::default();
        one.append(leaf(0));
        let digests = [
            empty.digest(&leaf(1)),
            empty.digest(&leaf(2)),
            one.digest(&leaf(1)),
        ];
        assert!(digests[0] != digests[1] && digests[1] != digests[2] && digests[0] != digests[2]);
    }
}
