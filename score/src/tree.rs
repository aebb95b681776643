//! The evidence of one day under one hash, so that what was published of a day cannot be changed unseen.
//!
//! Evidence is hashed into the tree of its node, nodes into the tree of the day on which the evidence began to count.
//! This crate brings no hash function: whoever builds or checks a tree gives SHA-256 over the concatenated parts.

use crate::event::Key;

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// SHA-256 of the parts, one after the other.
pub type Sha256 = fn(&[&[u8]]) -> Hash;

/// First byte of what is hashed: it tells what it is.
const EVIDENCE: u8 = 0;
const INNER: u8 = 1;
const NODE: u8 = 2;
const DAY: u8 = 3;

/// What the root of an empty tree is.
pub const EMPTY: Hash = [0; 32];

/// A piece of evidence as it is hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leaf {
    /// Of whom.
    pub node: Key,
    /// By whom.
    pub requester: Key,
    /// That it weighs from, since 1970.
    pub day: i32,
    /// 1 good, 2 failed, 3 expired.
    pub kind: u8,
    /// The program that keeps the job.
    pub program: Key,
    /// The job's account.
    pub job: Key,
    /// Of 1/2^20.
    pub units: u64,
    /// From which it counts.
    pub slot: u64,
    /// The settlement, the failure, or the assignment that expired.
    pub signature: [u8; 64],
}

impl Leaf {
    /// Its hash.
    #[must_use]
    pub fn hash(&self, sha256: Sha256) -> Hash {
        sha256(&[
            &[EVIDENCE],
            &self.node,
            &self.requester,
            &self.day.to_le_bytes(),
            &[self.kind],
            &self.program,
            &self.job,
            &self.units.to_le_bytes(),
            &self.slot.to_le_bytes(),
            &self.signature,
        ])
    }
}

/// The hash of a node in the tree of a day: how many pieces of evidence it has there, and the root over them in the order
/// (requester, day, kind, program, job).
#[must_use]
pub fn node_hash(sha256: Sha256, node: &Key, evidence: u64, root: &Hash) -> Hash {
    sha256(&[&[NODE], node, &evidence.to_le_bytes(), root])
}

/// A day that is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// Version of the definition that the evidence follows.
    pub version: u32,
    /// Since 1970.
    pub day: i32,
    /// The first slot whose evidence it holds.
    pub first_slot: u64,
    /// The last one.
    pub last_slot: u64,
    /// Nodes that evidence began to count of.
    pub nodes: u64,
}

impl Day {
    /// Its root, over the tree of its nodes in the order of their addresses.
    #[must_use]
    pub fn root(&self, sha256: Sha256, nodes: &Hash) -> Hash {
        sha256(&[
            &[DAY],
            &self.version.to_le_bytes(),
            &self.day.to_le_bytes(),
            &self.first_slot.to_le_bytes(),
            &self.last_slot.to_le_bytes(),
            &self.nodes.to_le_bytes(),
            nodes,
        ])
    }
}

/// A binary tree: neighbours are hashed together, level by level; the last of an odd number goes up as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    /// From the leaves to the root.
    levels: Vec<Vec<Hash>>,
}

impl Tree {
    /// Over these leaves, in this order.
    #[must_use]
    pub fn new(sha256: Sha256, leaves: Vec<Hash>) -> Self {
        let mut levels = vec![leaves];
        while let Some(below) = levels.last().filter(|level| level.len() > 1) {
            let pairs = below.chunks(2).map(|pair| match pair {
                [left, right] => inner(sha256, left, right),
                alone => alone.first().copied().unwrap_or(EMPTY),
            });
            let above = pairs.collect();
            levels.push(above);
        }
        Self { levels }
    }

    /// Its root; [`EMPTY`] without leaves.
    #[must_use]
    pub fn root(&self) -> Hash {
        let top = self.levels.last().and_then(|level| level.first());
        top.copied().unwrap_or(EMPTY)
    }

    /// What the leaf in this place is hashed with on its way up; empty where there is no such leaf.
    #[must_use]
    pub fn path(&self, place: usize) -> Vec<Hash> {
        let levels = self.levels.iter().enumerate();
        let beside = levels.map(|(height, level)| level.get((place >> height) ^ 1));
        match self.levels.first().is_some_and(|all| place < all.len()) {
            true => beside.flatten().copied().collect(),
            false => Vec::new(),
        }
    }
}

fn inner(sha256: Sha256, left: &Hash, right: &Hash) -> Hash {
    sha256(&[&[INNER], left, right])
}

/// The root that a leaf in `place` of `leaves` leads to; `None`: the path is not one of such a tree.
#[must_use]
pub fn climb(sha256: Sha256, leaf: Hash, place: u64, leaves: u64, path: &[Hash]) -> Option<Hash> {
    if place >= leaves {
        return None;
    }
    let (mut at, mut width, mut hash) = (place, leaves, leaf);
    let mut path = path.iter();
    while width > 1 {
        if at % 2 == 1 {
            hash = inner(sha256, path.next()?, &hash);
        } else if at + 1 < width {
            hash = inner(sha256, &hash, path.next()?);
        }
        (at, width) = (at / 2, width.div_ceil(2));
    }
    path.next().is_none().then_some(hash)
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256 as Sha2};

    use super::*;

    fn mixed(parts: &[&[u8]]) -> Hash {
        Sha2::digest(parts.concat()).into()
    }

    fn leaves(count: u8) -> Vec<Hash> {
        (0..count).map(|n| mixed(&[&[n]])).collect()
    }

    #[test]
    fn every_leaf_climbs_to_the_root_and_from_no_other_place() {
        assert_eq!(Tree::new(mixed, Vec::new()).root(), EMPTY);
        assert_eq!(Tree::new(mixed, leaves(1)).root(), leaves(1)[0]);
        for count in 1..=17_u8 {
            let all = leaves(count);
            let tree = Tree::new(mixed, all.clone());
            for (place, leaf) in all.iter().enumerate() {
                let path = tree.path(place);
                for other in 0..=u64::from(count) {
                    let root = climb(mixed, *leaf, other, count.into(), &path);
                    assert_eq!(root == Some(tree.root()), other == place as u64);
                }
                let longer = [path.clone(), vec![EMPTY]].concat();
                assert_eq!(
                    climb(mixed, *leaf, place as u64, count.into(), &longer),
                    None
                );
                if let Some((_, shorter)) = path.split_last() {
                    let short = climb(mixed, *leaf, place as u64, count.into(), shorter);
                    assert_ne!(short, Some(tree.root()));
                }
            }
            assert!(tree.path(count.into()).is_empty());
        }
    }

    #[test]
    fn the_tree_of_five_is_written_out() {
        let [a, b, c, d, e] = leaves(5)[..] else {
            panic!("five")
        };
        let node = |left: &Hash, right: &Hash| mixed(&[&[1], left, right]);
        let four = node(&node(&a, &b), &node(&c, &d));
        let tree = Tree::new(mixed, vec![a, b, c, d, e]);
        assert_eq!(tree.root(), node(&four, &e));
        assert_eq!(tree.path(4), [four]);
        assert_eq!(tree.path(1), [a, node(&c, &d), e]);
    }

    #[test]
    fn every_part_of_a_leaf_and_of_a_day_counts() {
        let leaf = Leaf {
            node: [1; 32],
            requester: [2; 32],
            day: 3,
            kind: 1,
            program: [4; 32],
            job: [5; 32],
            units: 6,
            slot: 7,
            signature: [8; 64],
        };
        let others = [
            Leaf {
                node: [0; 32],
                ..leaf
            },
            Leaf {
                requester: [0; 32],
                ..leaf
            },
            Leaf { day: 0, ..leaf },
            Leaf { kind: 2, ..leaf },
            Leaf {
                program: [0; 32],
                ..leaf
            },
            Leaf {
                job: [0; 32],
                ..leaf
            },
            Leaf { units: 0, ..leaf },
            Leaf { slot: 0, ..leaf },
            Leaf {
                signature: [0; 64],
                ..leaf
            },
        ];
        for other in others {
            assert_ne!(other.hash(mixed), leaf.hash(mixed));
        }
        let day = Day {
            version: 1,
            day: 2,
            first_slot: 3,
            last_slot: 4,
            nodes: 5,
        };
        let others = [
            Day { version: 0, ..day },
            Day { day: 0, ..day },
            Day {
                first_slot: 0,
                ..day
            },
            Day {
                last_slot: 0,
                ..day
            },
            Day { nodes: 0, ..day },
        ];
        for other in others {
            assert_ne!(other.root(mixed, &EMPTY), day.root(mixed, &EMPTY));
        }
        assert_ne!(day.root(mixed, &[1; 32]), day.root(mixed, &EMPTY));
        assert_ne!(
            node_hash(mixed, &[1; 32], 1, &EMPTY),
            node_hash(mixed, &[1; 32], 2, &EMPTY)
        );
    }
}
