//! Whether published evidence leads to the published roots of its days (docs/reputation.md, "Roots").

use hypernode_score::tree::{Day, Hash, Leaf, Tree, climb, node_hash};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::difference::Difference;
use crate::keys::Key;
use crate::recompute::{Evidence, Kind};

/// A root as the API states it, with the node's path to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rooted {
    /// The day.
    pub day: Day,
    /// Its root.
    pub root: Hash,
    /// The node's place among those of the day.
    pub place: u64,
    /// The node's pieces of evidence.
    pub evidence: u64,
    /// The root over them.
    pub own: Hash,
    /// What it is hashed with on the way up.
    pub path: Vec<Hash>,
}

/// The same as text.
#[derive(Deserialize)]
pub(crate) struct RootText {
    day: i32,
    first_slot: u64,
    last_slot: u64,
    version: u32,
    nodes: u64,
    root: String,
    place: u64,
    of_node: OwnText,
    path: Vec<String>,
}

#[derive(Deserialize)]
struct OwnText {
    evidence: u64,
    root: String,
}

impl RootText {
    pub(crate) fn read(&self) -> Result<Rooted, String> {
        let hash = |name: &str, text: &str| -> Result<Hash, String> {
            let bytes = hex::decode(text).ok();
            let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
            bytes.ok_or_else(|| format!("{name}: it is no hash of 32 bytes in hex"))
        };
        let path = self.path.iter().map(|text| hash("path", text));
        Ok(Rooted {
            day: Day {
                version: self.version,
                day: self.day,
                first_slot: self.first_slot,
                last_slot: self.last_slot,
                nodes: self.nodes,
            },
            root: hash("root", &self.root)?,
            place: self.place,
            evidence: self.of_node.evidence,
            own: hash("of_node.root", &self.of_node.root)?,
            path: path.collect::<Result<_, _>>()?,
        })
    }
}

/// Holds the evidence of a node, each piece with the slot that it counts from, against the roots beside it.
pub(crate) fn compare(
    node: &Key,
    evidence: &[(Evidence, Option<u64>)],
    roots: &[Rooted],
    found: &mut Vec<Difference>,
) {
    for rooted in roots {
        let days = rooted.day.first_slot..=rooted.day.last_slot;
        let under = evidence
            .iter()
            .filter_map(|(one, slot)| Some((one, slot.filter(|slot| days.contains(slot))?)));
        let mut leaves: Vec<_> = under
            .map(|(one, slot)| (order(one), hash(node, one, slot)))
            .collect();
        leaves.sort_unstable();
        let leaves: Vec<Hash> = leaves.into_iter().map(|(_, hash)| hash).collect();
        let count = leaves.len() as u64;
        let own = Tree::new(sha256, leaves).root();
        let leaf = node_hash(sha256, node, count, &own);
        let top = climb(sha256, leaf, rooted.place, rooted.day.nodes, &rooted.path);
        let made = top.map(|top| rooted.day.root(sha256, &top));
        if (count, own) != (rooted.evidence, rooted.own) || made != Some(rooted.root) {
            found.push(Difference::Root {
                day: rooted.day.day,
                published: rooted.root,
                evidence: (rooted.evidence, count),
            });
        }
    }
    // What lies in slots that a later root has passed must be under one.
    let last = roots.iter().map(|of| of.day.last_slot).max().unwrap_or(0);
    let covered = |slot: u64| {
        let mut roots = roots.iter();
        roots.any(|of| (of.day.first_slot..=of.day.last_slot).contains(&slot))
    };
    let bare = evidence.iter().filter_map(|(one, slot)| {
        let slot = slot.filter(|slot| *slot <= last && !covered(*slot))?;
        Some(Difference::Rootless {
            evidence: *one,
            slot,
        })
    });
    found.extend(bare);
}

/// How leaves are ordered.
fn order(one: &Evidence) -> (Key, i64, u8, Key, Key) {
    (
        one.requester,
        one.day,
        number(one.kind),
        one.program,
        one.job,
    )
}

fn number(kind: Kind) -> u8 {
    match kind {
        Kind::Good => 1,
        Kind::Failed => 2,
        Kind::Expired => 3,
    }
}

fn hash(node: &Key, one: &Evidence, slot: u64) -> Hash {
    let leaf = Leaf {
        node: *node,
        requester: one.requester,
        // A day beyond i32 is beyond every block time.
        day: i32::try_from(one.day).unwrap_or(i32::MAX),
        kind: number(one.kind),
        program: one.program,
        job: one.job,
        units: one.units,
        slot,
        signature: one.signature,
    };
    leaf.hash(sha256)
}

fn sha256(parts: &[&[u8]]) -> Hash {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(job: u8, slot: u64) -> (Evidence, Option<u64>) {
        let evidence = Evidence {
            requester: [2; 32],
            day: 9,
            job: [job; 32],
            program: [4; 32],
            kind: Kind::Good,
            units: 5,
            signature: [job; 64],
        };
        (evidence, Some(slot))
    }

    /// A day of two nodes, of which this is the second.
    fn rooted(node: &Key, evidence: &[(Evidence, Option<u64>)]) -> Rooted {
        let leaves = evidence
            .iter()
            .map(|(one, slot)| hash(node, one, slot.unwrap()));
        let own = Tree::new(sha256, leaves.collect()).root();
        let other = node_hash(sha256, &[0; 32], 7, &[7; 32]);
        let mine = node_hash(sha256, node, evidence.len() as u64, &own);
        let day = Day {
            version: 1,
            day: 9,
            first_slot: 10,
            last_slot: 20,
            nodes: 2,
        };
        Rooted {
            day,
            root: day.root(sha256, &Tree::new(sha256, vec![other, mine]).root()),
            place: 1,
            evidence: evidence.len() as u64,
            own,
            path: vec![other],
        }
    }

    fn differing(evidence: &[(Evidence, Option<u64>)], roots: &[Rooted]) -> Vec<String> {
        let mut found = Vec::new();
        compare(&[1; 32], evidence, roots, &mut found);
        found.iter().map(Difference::short).collect()
    }

    #[test]
    fn what_was_published_of_a_day_cannot_be_changed_unseen() {
        let node = [1; 32];
        let all = [piece(1, 12), piece(2, 20), piece(3, 21)];
        let root = rooted(&node, &all[..2]);
        // Whatever order the pages have; what came later is under no root yet.
        let shuffled = [all[2], all[1], all[0]];
        assert_eq!(differing(&shuffled, std::slice::from_ref(&root)), [""; 0]);
        let mut other = all;
        other[0].0.units = 6;
        assert!(differing(&other, std::slice::from_ref(&root))[0].contains("root of day 9"));
        assert!(
            differing(&all[1..], std::slice::from_ref(&root))[0]
                .contains("2 pieces of evidence published, 1")
        );
        let early = [all[0], all[1], piece(4, 5)];
        assert!(differing(&early, std::slice::from_ref(&root))[0].contains("slot 5"));
        for broken in [
            Rooted {
                place: 0,
                ..root.clone()
            },
            Rooted {
                path: Vec::new(),
                ..root.clone()
            },
            Rooted {
                root: [0; 32],
                ..root.clone()
            },
            Rooted {
                day: Day { day: 8, ..root.day },
                ..root
            },
        ] {
            assert_eq!(differing(&all, &[broken]).len(), 1);
        }
    }
}
