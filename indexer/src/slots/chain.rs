//! The chain that has left: its head, what is remembered of it, and how much of it is final.

use std::collections::VecDeque;

use super::{Head, Link};

/// See the module.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Chain {
    head: Option<Head>,
    /// The newest blocks, oldest first.
    recent: VecDeque<Link>,
    remembered: usize,
    /// Highest slot that a status called final.
    final_seen: Option<u64>,
    /// Highest final slot told; what is at or below it never changes.
    final_told: Option<u64>,
    /// Slots given up beyond the newest block: what follows may attach to any of them.
    given_up: Option<(u64, u64)>,
}

/// Why a block cannot be withdrawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fixed;

impl Chain {
    pub(super) fn new(head: Option<Head>, recent: &[Link], remembered: usize) -> Self {
        Self {
            head,
            recent: recent
                .iter()
                .skip(recent.len().saturating_sub(remembered))
                .copied()
                .collect(),
            remembered,
            ..Self::default()
        }
    }

    pub(super) fn head(&self) -> Option<Head> {
        self.head
    }

    /// Whether the slot is at or below the head, or given up.
    pub(super) fn passed(&self, slot: u64) -> bool {
        self.head.is_some_and(|head| slot <= head.slot)
            || self.given_up.is_some_and(|(_, to)| slot <= to)
    }

    pub(super) fn find(&self, slot: u64) -> Option<&Link> {
        let at = self.recent.partition_point(|link| link.slot < slot);
        self.recent.get(at).filter(|link| link.slot == slot)
    }

    /// The hash of a block that has left, as far as it is remembered; that before the oldest one is known by its child.
    pub(super) fn hash_of(&self, slot: u64) -> Option<[u8; 32]> {
        let base = || {
            let first = self.recent.front()?;
            (first.parent_slot == slot).then_some(first.parent_blockhash)
        };
        self.find(slot).map(|link| link.blockhash).or_else(base)
    }

    /// Slots that the next block may name as its parent, and the one that it must lie beyond.
    pub(super) fn attach(&self) -> Option<(std::ops::RangeInclusive<u64>, u64)> {
        let head = self.head?;
        Some(match self.given_up {
            Some((_, to)) => (head.slot..=to, to),
            None => (head.slot..=head.slot, head.slot),
        })
    }

    /// Whether a block may follow (I-01, I-02).
    pub(super) fn fits(&self, link: &Link) -> bool {
        match self.attach() {
            Some((parents, beyond)) => parents.contains(&link.parent_slot) && link.slot > beyond,
            None => true,
        }
    }

    /// Whether a block names another hash for the head than the head's.
    pub(super) fn other_parent(&self, link: &Link) -> bool {
        self.head.is_some_and(|head| {
            head.slot == link.parent_slot
                && head
                    .blockhash
                    .is_some_and(|hash| hash != link.parent_blockhash)
        })
    }

    pub(super) fn push(&mut self, link: Link) {
        self.given_up = None;
        self.head = Some(Head {
            slot: link.slot,
            blockhash: Some(link.blockhash),
        });
        self.recent.push_back(link);
        if self.recent.len() > self.remembered {
            self.recent.pop_front();
        }
    }

    /// Gives slots up; `None` if they do not begin right after the head (or reach into what has left).
    pub(super) fn give_up(&mut self, from: u64, to: u64) -> Option<(u64, u64)> {
        let first = match self.given_up {
            Some((_, to)) => to.saturating_add(1),
            None => self.head?.slot.saturating_add(1),
        };
        if from > first || to < first {
            return None;
        }
        let start = self.given_up.map_or(first, |(start, _)| start);
        self.given_up = Some((start, to));
        Some((first, to))
    }

    /// Withdraws every block from `from` on; their number and the first one's slot. `Ok(None)`: there was none.
    pub(super) fn withdraw(&mut self, from: u64) -> Result<Option<(u64, u64, Head)>, Fixed> {
        let at = self.recent.partition_point(|link| link.slot < from);
        let Some(first) = self.recent.get(at).copied() else {
            // At or below the head, but forgotten: beyond reach.
            return match self.head {
                Some(head) if from <= head.slot => Err(Fixed),
                _ => Ok(None),
            };
        };
        // Older blocks that are forgotten would have to go too, or what goes is final.
        let forgotten = at == 0 && first.parent_slot >= from;
        if forgotten || self.final_told.is_some_and(|told| first.slot <= told) {
            return Err(Fixed);
        }
        let count = self.recent.len() - at;
        self.recent.truncate(at);
        // The block before it, not what it names as its parent: that may have been given up.
        let head = match self.recent.back() {
            Some(last) => Head {
                slot: last.slot,
                blockhash: Some(last.blockhash),
            },
            None => Head {
                slot: first.parent_slot,
                blockhash: Some(first.parent_blockhash),
            },
        };
        self.head = Some(head);
        self.given_up = None;
        Ok(Some((count as u64, first.slot, head)))
    }

    /// A status called the slot final.
    pub(super) fn hear_final(&mut self, slot: u64) {
        self.final_seen = self.final_seen.max(Some(slot));
    }

    /// What has become final and was not told. A final slot beyond the head may lie on a branch that the head is not on:
    /// it counts once the head reaches it.
    pub(super) fn newly_final(&mut self) -> Option<u64> {
        let (head, slot) = (self.head?, self.final_seen?);
        if slot > head.slot || self.final_told >= Some(slot) || self.jumped_over(slot) {
            return None;
        }
        self.final_told = Some(slot);
        Some(slot)
    }

    /// A slot called final that the chain has jumped over.
    pub(super) fn jumped_over(&self, slot: u64) -> bool {
        let remembered = self.recent.front().is_some_and(|first| first.slot < slot);
        self.passed(slot)
            && self.head.is_some_and(|head| slot < head.slot)
            && remembered
            && self.find(slot).is_none()
    }
}
