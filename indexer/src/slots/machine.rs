//! The state machine over all open slots.

use std::collections::{BTreeMap, VecDeque};

use hypernode_decoder::chain::Block;

use super::open::{Added, OpenSlot};
use super::{BlockMeta, Gap, Head, Input, Output, SlotStatus};

/// How much is kept.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Open slots. Beyond it the highest slots are forgotten: they are the ones that a replay can still deliver.
    pub open_slots: usize,
    /// Transactions in open slots; beyond it likewise. One slot is always kept.
    pub open_transactions: usize,
    /// Ready blocks that may wait behind a missing one before it is called a gap (messages may be late).
    pub gap_patience: usize,
    /// Published slots whose hashes are remembered, to tell a duplicate from an equivocation.
    pub remembered: usize,
    /// The source sends whole blocks: meta and confirmation alone close no slot. Found out by itself with the first
    /// whole block.
    pub whole_blocks: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            open_slots: 4_096,
            open_transactions: 200_000,
            gap_patience: 8,
            remembered: 512,
            whole_blocks: false,
        }
    }
}

/// Counters, since the machine was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Highest slot of any transaction, block, meta or status.
    pub seen: u64,
    /// Highest slot confirmed by itself or by a descendant.
    pub confirmed: u64,
    /// Blocks published.
    pub published: u64,
    /// Pieces that were there already.
    pub duplicates: u64,
    /// Pieces of slots that had left or been skipped, and were not known to be duplicates.
    pub late: u64,
    /// Contradictory pieces.
    pub conflicts: u64,
    /// Open slots forgotten because of the [`Limits`].
    pub evicted: u64,
    /// Transactions of slots that never became a block.
    pub ghosts: u64,
    /// Dead slots.
    pub dead: u64,
    /// Slots proven empty.
    pub skipped: u64,
}

/// See the [module](super).
#[derive(Debug)]
pub struct SlotMachine {
    limits: Limits,
    head: Option<Head>,
    open: BTreeMap<u64, OpenSlot>,
    /// Weight of all open slots.
    weight: usize,
    /// Published slots and their hashes, oldest first.
    recent: VecDeque<(u64, [u8; 32])>,
    /// Highest slot that a status called final.
    final_seen: Option<u64>,
    final_told: Option<u64>,
    gap_told: Option<Gap>,
    stats: Stats,
}

impl SlotMachine {
    /// A machine whose next block must follow `head`; without one the first proven block is the declared start.
    #[must_use]
    pub fn new(limits: Limits, head: Option<Head>) -> Self {
        Self {
            limits,
            head,
            open: BTreeMap::new(),
            weight: 0,
            recent: VecDeque::new(),
            final_seen: None,
            final_told: None,
            gap_told: None,
            stats: Stats::default(),
        }
    }

    /// The last published block.
    #[must_use]
    pub fn head(&self) -> Option<Head> {
        self.head
    }

    /// Counters.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// Open slots held.
    #[must_use]
    pub fn open_slots(&self) -> usize {
        self.open.len()
    }

    /// What open slots cost: one each, and one for each of their transactions.
    #[must_use]
    pub fn held(&self) -> usize {
        self.weight
    }

    /// Takes one input; appends what follows from it.
    pub fn push(&mut self, input: Input, out: &mut Vec<Output>) {
        match input {
            Input::Transaction { slot, transaction } => {
                self.piece(slot, None, out, |open| open.add_transaction(*transaction));
            }
            Input::Block(block) => {
                let (slot, hash) = (block.slot, block.blockhash);
                self.limits.whole_blocks = true;
                if block.parent_slot < slot || slot == 0 {
                    self.piece(slot, Some(hash), out, |open| open.add_block(*block));
                } else {
                    self.stats.conflicts += 1;
                }
            }
            Input::Meta(meta) => self.meta(meta, out),
            Input::Status {
                slot,
                parent,
                status,
            } => self.status(slot, parent, status, out),
        }
    }

    /// The source has ended: what still waits behind a missing block is a gap.
    pub fn finish(&mut self, out: &mut Vec<Output>) {
        self.tell_gap(0, out);
    }

    fn meta(&mut self, meta: BlockMeta, out: &mut Vec<Output>) {
        if meta.parent_slot >= meta.slot && meta.slot != 0 {
            self.stats.conflicts += 1;
            return;
        }
        let (slot, hash) = (meta.slot, meta.blockhash);
        self.piece(slot, Some(hash), out, |open| open.add_meta(meta));
    }

    /// A piece of content. `hash` identifies the block where the piece states it.
    fn piece(
        &mut self,
        slot: u64,
        hash: Option<[u8; 32]>,
        out: &mut Vec<Output>,
        add: impl FnOnce(&mut OpenSlot) -> Added,
    ) {
        self.stats.seen = self.stats.seen.max(slot);
        if self.passed(slot) {
            self.late_piece(slot, hash, out);
            return;
        }
        let Some(open) = self.open_slot(slot) else {
            return;
        };
        let before = open.weight();
        let added = add(open);
        let after = open.weight();
        self.weight = (self.weight + after).saturating_sub(before);
        self.shed();
        match added {
            Added::New => {}
            Added::Duplicate => {
                self.stats.duplicates += 1;
                return;
            }
            Added::Conflict => {
                self.stats.conflicts += 1;
                out.push(Output::Equivocation {
                    slot,
                    published: false,
                });
                return;
            }
        }
        if hash.is_some() {
            // The parent may be news: a confirmation known before it now reaches the ancestors.
            self.spread_confirmation(slot);
        }
        self.advance(out);
    }

    /// A piece of a slot at or below the head.
    fn late_piece(&mut self, slot: u64, hash: Option<[u8; 32]>, out: &mut Vec<Output>) {
        let known = self.recent.iter().find(|(published, _)| *published == slot);
        match (known, hash) {
            (Some((_, known)), Some(hash)) if *known != hash => {
                self.stats.conflicts += 1;
                out.push(Output::Equivocation {
                    slot,
                    published: true,
                });
            }
            (Some(_), Some(_)) => self.stats.duplicates += 1,
            _ => self.stats.late += 1,
        }
    }

    fn status(
        &mut self,
        slot: u64,
        parent: Option<u64>,
        status: SlotStatus,
        out: &mut Vec<Output>,
    ) {
        self.stats.seen = self.stats.seen.max(slot);
        match status {
            SlotStatus::Dead => self.dead(slot, out),
            SlotStatus::Finalized => {
                self.final_seen = self.final_seen.max(Some(slot));
                self.confirm(slot, parent);
                self.advance(out);
                self.tell_final(out);
            }
            SlotStatus::Confirmed => {
                self.confirm(slot, parent);
                self.advance(out);
            }
            SlotStatus::Created | SlotStatus::Processed => {
                if !self.passed(slot)
                    && let Some(open) = self.open_slot(slot)
                {
                    open.add_parent(parent.filter(|parent| *parent < slot));
                    self.spread_confirmation(slot);
                    self.advance(out);
                }
            }
        }
    }

    fn dead(&mut self, slot: u64, out: &mut Vec<Output>) {
        let published = self.recent.iter().any(|(known, _)| *known == slot);
        let gone = self.forget(slot);
        if published || gone.is_some() || !self.passed(slot) {
            self.stats.dead += 1;
            self.stats.ghosts += gone.map_or(0, |open| open.loose_transactions());
            out.push(Output::Dead { slot, published });
        }
    }

    fn confirm(&mut self, slot: u64, parent: Option<u64>) {
        self.stats.confirmed = self.stats.confirmed.max(slot);
        if self.passed(slot) {
            return;
        }
        if let Some(open) = self.open_slot(slot) {
            open.add_parent(parent.filter(|parent| *parent < slot));
            open.confirmed = true;
            self.spread_confirmation(slot);
        }
    }

    /// Ancestors of a confirmed slot are confirmed; links to slots not seen yet wait in those slots.
    fn spread_confirmation(&mut self, slot: u64) {
        let mut at = slot;
        while let Some(open) = self.open.get(&at) {
            let (true, Some(parent)) = (open.confirmed, open.parent()) else {
                return;
            };
            // Before the start is declared, unseen ancestors lie before it.
            let wanted = parent < at
                && !self.passed(parent)
                && (self.head.is_some() || self.open.contains_key(&parent));
            if !wanted {
                return;
            }
            let Some(open) = self.open_slot(parent) else {
                return;
            };
            if open.confirmed {
                return;
            }
            open.confirmed = true;
            at = parent;
        }
    }

    fn passed(&self, slot: u64) -> bool {
        self.head.is_some_and(|head| slot <= head.slot)
    }

    /// The slot's record, made if there is room; `None` when this slot is the one that there is no room for.
    fn open_slot(&mut self, slot: u64) -> Option<&mut OpenSlot> {
        if !self.open.contains_key(&slot) {
            if self.open.len() >= self.limits.open_slots {
                self.stats.evicted += 1;
                let highest = *self.open.last_key_value()?.0;
                if highest <= slot {
                    return None;
                }
                self.forget(highest);
            }
            self.weight += 1;
        }
        Some(self.open.entry(slot).or_default())
    }

    fn forget(&mut self, slot: u64) -> Option<OpenSlot> {
        let open = self.open.remove(&slot)?;
        self.weight = self.weight.saturating_sub(open.weight());
        Some(open)
    }

    /// Forgets the highest slots while too much is held.
    fn shed(&mut self) {
        while self.weight > self.limits.open_transactions && self.open.len() > 1 {
            let Some(highest) = self.open.last_key_value().map(|(slot, _)| *slot) else {
                return;
            };
            self.forget(highest);
            self.stats.evicted += 1;
        }
    }

    /// Lets everything go that may.
    fn advance(&mut self, out: &mut Vec<Output>) {
        let whole = self.limits.whole_blocks;
        loop {
            let next = match self.head {
                None => self
                    .open
                    .iter()
                    .find(|(_, open)| open.ready(whole))
                    .map(|(slot, _)| *slot),
                Some(head) => self
                    .open
                    .iter()
                    .find(|(_, open)| open.parent() == Some(head.slot) && open.ready(whole))
                    .map(|(slot, _)| *slot),
            };
            let Some(slot) = next else { break };
            if self.breaks_hash_link(slot, out) {
                continue;
            }
            let Some(block) = self.forget(slot).and_then(|open| open.into_block(whole)) else {
                break;
            };
            self.publish(block, out);
        }
        self.tell_gap(self.limits.gap_patience, out);
    }

    /// A child that names the head's slot but another hash belongs to another chain: it is held.
    fn breaks_hash_link(&mut self, slot: u64, out: &mut Vec<Output>) -> bool {
        let Some(head) = self.head else { return false };
        let Some(open) = self.open.get_mut(&slot) else {
            return false;
        };
        let (Some(ours), Some(theirs)) = (head.blockhash, open.parent_blockhash()) else {
            return false;
        };
        if ours == theirs {
            return false;
        }
        open.held = true;
        self.stats.conflicts += 1;
        out.push(Output::Equivocation {
            slot,
            published: false,
        });
        true
    }

    fn publish(&mut self, block: Block, out: &mut Vec<Output>) {
        let slot = block.slot;
        if let Some(head) = self.head {
            let from = head.slot + 1;
            if from < slot {
                self.stats.skipped += slot - from;
                out.push(Output::Skipped { from, to: slot - 1 });
            }
        }
        let later = self.open.split_off(&slot);
        for open in std::mem::replace(&mut self.open, later).into_values() {
            self.weight = self.weight.saturating_sub(open.weight());
            self.stats.ghosts += open.loose_transactions();
        }
        self.head = Some(Head {
            slot,
            blockhash: Some(block.blockhash),
        });
        self.recent.push_back((slot, block.blockhash));
        if self.recent.len() > self.limits.remembered {
            self.recent.pop_front();
        }
        self.stats.published += 1;
        self.gap_told = None;
        out.push(Output::Publish(Box::new(block)));
        self.tell_final(out);
    }

    /// A final slot beyond the head may lie on a branch that the head is not on: it counts once the head reaches it.
    fn tell_final(&mut self, out: &mut Vec<Output>) {
        let (Some(head), Some(slot)) = (self.head, self.final_seen) else {
            return;
        };
        if slot <= head.slot && self.final_told < Some(slot) {
            self.final_told = Some(slot);
            out.push(Output::Finalized(slot));
        }
    }

    fn tell_gap(&mut self, patience: usize, out: &mut Vec<Output>) {
        let whole = self.limits.whole_blocks;
        let Some(head) = self.head else { return };
        if self.open.len() <= patience {
            return;
        }
        let mut ready = self
            .open
            .iter()
            .filter(|(_, open)| open.ready(whole))
            .map(|(slot, _)| *slot);
        let Some(before) = ready.next() else { return };
        if ready.count() < patience {
            return;
        }
        let gap = Gap {
            after: head.slot,
            before,
        };
        if self.gap_told.is_none_or(|told| told.after != gap.after) {
            self.gap_told = Some(gap);
            out.push(Output::Gap(gap));
        }
    }
}
