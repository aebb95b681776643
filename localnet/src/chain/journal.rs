//! What the network tells, in the order in which it happens: those who follow the tip read it from here.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use yellowstone_grpc_proto::prelude::SubscribeUpdateBlock;

use super::commitment::Tip;

/// Happenings that are kept: a follower that far behind is cut.
const KEPT: usize = 16_384;
/// Blocks beside the chain that are kept.
const BESIDE: usize = 64;

/// One thing that happened to a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happening {
    /// The slot.
    pub slot: u64,
    /// Its parent; `None` where the message does not say.
    pub parent: Option<u64>,
    /// What.
    pub what: What,
}

/// What happens to slots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A bank exists.
    Created,
    /// Its transactions ran; `sealed`: and the block is whole.
    Executed {
        /// Whether block and meta follow the transactions.
        sealed: bool,
    },
    /// The block is processed.
    Processed,
    /// All its shreds are there.
    Completed,
    /// It is confirmed.
    Confirmed,
    /// It is final.
    Finalized,
    /// It died.
    Dead,
}

/// The newest happenings.
#[derive(Debug)]
pub(super) struct Journal {
    /// Number of the first one kept.
    first: u64,
    kept: VecDeque<Happening>,
    tip: Tip,
    /// The chain began with this process.
    began: bool,
    /// The first slot sealed by this process.
    sealed_from: Option<u64>,
    beside: BTreeMap<u64, Arc<SubscribeUpdateBlock>>,
    /// A block that is confirmed and will die.
    doomed: Option<Arc<SubscribeUpdateBlock>>,
}

/// Where a follower of the tip starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// Number of the next happening.
    pub next: u64,
    /// The newest block of the chain.
    pub tip: Tip,
    /// The first slot that this process sealed.
    pub sealed_from: Option<u64>,
}

/// The follower is too far behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLate;

impl Journal {
    pub(super) fn new(tip: Tip) -> Self {
        Self {
            first: 0,
            kept: VecDeque::new(),
            tip,
            began: tip.0 == 0,
            sealed_from: None,
            beside: BTreeMap::new(),
            doomed: None,
        }
    }

    /// Adds happenings; gives the number of the next one.
    pub(super) fn push(&mut self, happenings: impl IntoIterator<Item = Happening>) -> u64 {
        for happening in happenings {
            if happening.what == (What::Executed { sealed: true }) {
                // A chain's own first process has lost nothing before it.
                let first = if self.began { 1 } else { happening.slot };
                self.sealed_from.get_or_insert(first);
            }
            self.kept.push_back(happening);
        }
        let surplus = self.kept.len().saturating_sub(KEPT);
        self.kept.drain(..surplus);
        self.first += surplus as u64;
        self.first + self.kept.len() as u64
    }

    pub(super) fn set_tip(&mut self, tip: Tip) {
        self.tip = tip;
    }

    pub(super) fn start(&self) -> Start {
        Start {
            next: self.first + self.kept.len() as u64,
            tip: self.tip,
            sealed_from: self.sealed_from,
        }
    }

    /// Up to `limit` happenings from this number on.
    pub(super) fn after(&self, next: u64, limit: usize) -> Result<Vec<Happening>, TooLate> {
        let skip = next.checked_sub(self.first).ok_or(TooLate)?;
        let skip = usize::try_from(skip).unwrap_or(usize::MAX);
        Ok(self.kept.iter().skip(skip).take(limit).cloned().collect())
    }

    pub(super) fn put_beside(&mut self, block: Arc<SubscribeUpdateBlock>) {
        self.beside.insert(block.slot, block);
        while self.beside.len() > BESIDE {
            self.beside.pop_first();
        }
    }

    pub(super) fn beside(&self, slot: u64) -> Option<Arc<SubscribeUpdateBlock>> {
        self.beside.get(&slot).cloned()
    }

    pub(super) fn doomed(&self) -> Option<Arc<SubscribeUpdateBlock>> {
        self.doomed.clone()
    }

    pub(super) fn doom(&mut self, block: Option<Arc<SubscribeUpdateBlock>>) {
        self.doomed = block;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_follower_reads_everything_once_and_is_told_when_it_is_too_late() {
        let mut journal = Journal::new(Tip(0));
        let happening = |slot| Happening {
            slot,
            parent: None,
            what: What::Created,
        };
        journal.push((0..10).map(happening));
        let slots = |found: Vec<Happening>| found.iter().map(|h| h.slot).collect::<Vec<_>>();
        assert_eq!(slots(journal.after(3, 4).unwrap()), [3, 4, 5, 6]);
        assert_eq!(journal.after(10, 4), Ok(Vec::new()));
        journal.push((10..KEPT as u64 + 5).map(happening));
        assert_eq!(journal.after(4, 1), Err(TooLate));
        assert_eq!(slots(journal.after(5, 1).unwrap()), [5]);
        assert_eq!(journal.start().next, KEPT as u64 + 5);
    }
}
