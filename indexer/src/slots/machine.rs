//! The state machine over all open slots.

use hypernode_decoder::chain::Block;

use super::chain::Chain;
use super::open::{Added, Level, OpenSlot};
use super::pool::Pool;
use super::stats::{Limits, Stats};
use super::{BlockMeta, Gap, Head, Input, Link, Output, SlotStatus};

/// See the [module](super).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SlotMachine {
    limits: Limits,
    chain: Chain,
    open: Pool,
    gap_told: Option<Gap>,
    stats: Stats,
}

impl SlotMachine {
    /// A machine whose next block must follow `head`; without one the first proven block is the declared start.
    #[must_use]
    pub fn new(limits: Limits, head: Option<Head>) -> Self {
        Self::resume(limits, head, &[])
    }

    /// The same with the newest blocks that are stored, oldest first: how far back they can be withdrawn.
    #[must_use]
    pub fn resume(limits: Limits, head: Option<Head>, recent: &[Link]) -> Self {
        Self {
            limits,
            chain: Chain::new(head, recent, limits.remembered),
            open: Pool::default(),
            gap_told: None,
            stats: Stats::default(),
        }
    }

    /// The last published block.
    #[must_use]
    pub fn head(&self) -> Option<Head> {
        self.chain.head()
    }

    /// Counters.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats {
            evicted: self.open.evicted,
            ..self.stats
        }
    }

    /// Open slots held.
    #[must_use]
    pub fn open_slots(&self) -> usize {
        self.open.len()
    }

    /// What open slots cost: one each, and one for each of their transactions.
    #[must_use]
    pub fn held(&self) -> usize {
        self.open.weight()
    }

    /// Takes one input; appends what follows from it.
    pub fn push(&mut self, input: Input, out: &mut Vec<Output>) {
        match input {
            Input::Transaction { slot, transaction } => {
                self.piece(slot, None, out, |open| open.add_transaction(transaction));
            }
            Input::Block(block) => {
                self.limits.whole_blocks = true;
                if block.parent_slot < block.slot || block.slot == 0 {
                    let (slot, hash) = (block.slot, block.blockhash);
                    self.piece(slot, Some(hash), out, |open| open.add_block(block));
                } else {
                    self.stats.conflicts += 1;
                }
            }
            Input::Meta(meta) => self.meta(meta, out),
            Input::Status {
                slot,
                parent,
                status,
            } => self.status(slot, parent.filter(|parent| *parent < slot), status, out),
            Input::Verdict { slot, blockhash } => self.verdict(slot, blockhash, out),
            Input::GiveUp { from, to } => self.give_up(from, to, out),
        }
        debug_assert!(self.sound(), "I-01 or I-02 broken: {:?}", self.chain);
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
        if self.chain.passed(slot) {
            self.late_piece(slot, hash, out);
            return;
        }
        if !self.open.ensure(slot, &self.limits) {
            return;
        }
        let added = self.open.change(slot, add);
        self.open.shed(&self.limits);
        match added {
            Some(Added::New) => {}
            Some(Added::Duplicate) => {
                self.stats.duplicates += 1;
                return;
            }
            Some(Added::Conflict) => {
                self.stats.conflicts += 1;
                out.push(Output::Equivocation {
                    slot,
                    published: false,
                });
            }
            Some(Added::Refused) | None => {
                self.stats.conflicts += 1;
                return;
            }
        }
        if hash.is_some() {
            // The parent may be news: what is known of this slot now reaches the ancestors.
            self.settle(slot, out);
        } else if self.open.get(slot).is_some_and(OpenSlot::has_meta)
            && self.open.refresh(slot, self.limits.whole_blocks)
        {
            self.advance(out);
        }
    }

    /// A piece of a slot at or below the head.
    fn late_piece(&mut self, slot: u64, hash: Option<[u8; 32]>, out: &mut Vec<Output>) {
        match (self.chain.find(slot), hash) {
            (Some(known), Some(hash)) if known.blockhash != hash => {
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
        let level = match status {
            SlotStatus::Dead => return self.dead(slot, out),
            SlotStatus::Created | SlotStatus::Processed => Level::Seen,
            SlotStatus::Confirmed => Level::Confirmed,
            SlotStatus::Finalized => Level::Final,
        };
        if level >= Level::Confirmed {
            self.stats.confirmed = self.stats.confirmed.max(slot);
        }
        if level == Level::Final {
            self.chain.hear_final(slot);
            if self.chain.jumped_over(slot) {
                self.stats.conflicts += 1;
                out.push(Output::Equivocation {
                    slot,
                    published: true,
                });
            }
        }
        if !self.chain.passed(slot) && self.open.ensure(slot, &self.limits) {
            self.open.change(slot, |open| {
                open.add_parent(parent);
                open.level = open.level.max(level);
            });
            self.settle(slot, out);
        }
        self.tell_final(out);
    }

    /// A slot that is no more: forgotten, or withdrawn with all that follows it.
    fn dead(&mut self, slot: u64, out: &mut Vec<Output>) {
        if self.chain.find(slot).is_some() {
            self.stats.dead += 1;
            self.withdraw(slot, slot, out);
            return;
        }
        let gone = self.open.forget(slot);
        if gone.is_some() || !self.chain.passed(slot) {
            self.stats.dead += 1;
            self.stats.ghosts += gone.map_or(0, |open| open.loose_transactions());
            out.push(Output::Dead { slot });
        }
    }

    /// Withdraws what has left from `from` on, because of `slot`.
    fn withdraw(&mut self, from: u64, slot: u64, out: &mut Vec<Output>) {
        match self.chain.withdraw(from) {
            Ok(None) => {}
            Ok(Some((count, first, head))) => {
                self.stats.retracted += count;
                self.gap_told = None;
                out.push(Output::Retract { from: first, head });
                // What is known of them now reaches ancestors that had been passed.
                for slot in self.open.relink() {
                    self.spread(slot);
                }
                self.advance(out);
            }
            Err(_) => {
                self.stats.conflicts += 1;
                out.push(Output::Contradiction { slot });
            }
        }
    }

    fn verdict(&mut self, slot: u64, hash: [u8; 32], out: &mut Vec<Output>) {
        if let Some(known) = self.chain.find(slot) {
            if known.blockhash != hash {
                self.withdraw(slot, slot, out);
            } else {
                return;
            }
        }
        if self.chain.passed(slot) || !self.open.ensure(slot, &self.limits) {
            return;
        }
        self.open.change(slot, |open| {
            open.decide(hash);
            open.level = Level::Final;
        });
        self.settle(slot, out);
    }

    fn give_up(&mut self, from: u64, to: u64, out: &mut Vec<Output>) {
        let Some((from, to)) = self.chain.give_up(from, to) else {
            return;
        };
        self.stats.missing += to - from + 1;
        self.stats.ghosts += self.open.forget_to(to);
        self.gap_told = None;
        out.push(Output::Missing { from, to });
        self.advance(out);
    }

    /// Ancestors of a confirmed slot are confirmed, those of a final one final; links to slots not seen yet wait in those
    /// slots. A confirmed child that names its parent's hash decides between the parent's rivals. Returns the lowest slot
    /// that heard news.
    fn spread(&mut self, slot: u64) -> u64 {
        let whole = self.limits.whole_blocks;
        let mut at = slot;
        loop {
            self.open.refresh(at, whole);
            let Some(open) = self.open.get(at) else {
                return at;
            };
            let (level, Some(parent)) = (open.level, open.parent()) else {
                return at;
            };
            let named = open.link().map(|link| link.parent_blockhash);
            // Before the start is declared, unseen ancestors lie before it.
            let wanted = level >= Level::Confirmed
                && parent < at
                && !self.chain.passed(parent)
                && (self.chain.head().is_some() || self.open.get(parent).is_some());
            if !wanted || !self.open.ensure(parent, &self.limits) {
                return at;
            }
            let news = self.open.change(parent, |open| {
                let news = named.is_some_and(|hash| open.hear_child(hash));
                let rises = open.level < level;
                open.level = open.level.max(level);
                news || rises
            });
            if news != Some(true) {
                return at;
            }
            at = parent;
        }
    }

    /// After news of a slot: a final one that leads past what has left withdraws it; then whatever may leave leaves.
    fn settle(&mut self, slot: u64, out: &mut Vec<Output>) {
        let oldest = self.spread(slot);
        if let Some(from) = self.led_past(oldest) {
            self.withdraw(from, oldest, out);
            return;
        }
        self.advance(out);
    }

    /// The first slot that has left and that a final open slot proves wrong by its parent link.
    fn led_past(&self, slot: u64) -> Option<u64> {
        let open = self.open.get(slot)?;
        let (Level::Final, Some(link), Some(head)) = (open.level, open.link(), self.chain.head())
        else {
            return None;
        };
        if link.parent_slot > head.slot {
            return None;
        }
        let behind = link.parent_slot < head.slot;
        match self.chain.hash_of(link.parent_slot) {
            Some(hash) if hash == link.parent_blockhash => behind.then_some(link.parent_slot + 1),
            Some(_) => Some(link.parent_slot),
            None => behind.then_some(link.parent_slot),
        }
    }

    /// Lets everything go that may.
    fn advance(&mut self, out: &mut Vec<Output>) {
        while let Some(slot) = self.next_slot(out) {
            if self.breaks_hash_link(slot, out) {
                continue;
            }
            let whole = self.limits.whole_blocks;
            let Some(block) = self
                .open
                .forget(slot)
                .and_then(|open| open.into_block(whole))
            else {
                break;
            };
            self.publish(block, out);
        }
        self.tell_gap(self.limits.gap_patience, out);
    }

    /// The next to leave. Of siblings only a final one leaves: the cluster confirms one.
    fn next_slot(&mut self, out: &mut Vec<Output>) -> Option<u64> {
        let Some((parents, beyond)) = self.chain.attach() else {
            return self.open.lowest_ready();
        };
        let mut children = self.open.children(parents.clone(), beyond);
        let first = children.next()?;
        let Some(second) = children.next() else {
            return Some(first);
        };
        // Given-up slots: whatever comes first attaches, its parent links tell the rest.
        if parents.start() != parents.end() {
            return self.open.children(parents, beyond).min();
        }
        let last = self.open.children(parents, beyond).find(|slot| {
            self.open
                .get(*slot)
                .is_some_and(|open| open.level == Level::Final)
        });
        if last.is_none() && self.gap_told.is_none() {
            let gap = Gap {
                after: beyond,
                before: first,
            };
            self.gap_told = Some(gap);
            self.stats.conflicts += 1;
            out.push(Output::Equivocation {
                slot: second,
                published: false,
            });
        }
        last
    }

    /// A child that names the head's slot but another hash belongs to another chain: it is held.
    fn breaks_hash_link(&mut self, slot: u64, out: &mut Vec<Output>) -> bool {
        let other = self
            .open
            .get(slot)
            .and_then(OpenSlot::link)
            .is_some_and(|link| self.chain.other_parent(&link));
        if other {
            self.open.change(slot, |open| open.unlinked = true);
            self.open.refresh(slot, self.limits.whole_blocks);
            self.stats.conflicts += 1;
            out.push(Output::Equivocation {
                slot,
                published: false,
            });
        }
        other
    }

    fn publish(&mut self, block: Block, out: &mut Vec<Output>) {
        let link = Link {
            slot: block.slot,
            blockhash: block.blockhash,
            parent_slot: block.parent_slot,
            parent_blockhash: block.parent_blockhash,
        };
        if !self.chain.fits(&link) {
            debug_assert!(false, "I-01 or I-02: {link:?} after {:?}", self.head());
            self.stats.violations += 1;
            return;
        }
        if let Some((_, beyond)) = self.chain.attach()
            && beyond + 1 < link.slot
        {
            self.stats.skipped += link.slot - beyond - 1;
            out.push(Output::Skipped {
                from: beyond + 1,
                to: link.slot - 1,
            });
        }
        self.stats.ghosts += self.open.forget_to(link.slot);
        self.chain.push(link);
        self.stats.published += 1;
        self.gap_told = None;
        out.push(Output::Publish(Box::new(block)));
        self.tell_final(out);
    }

    fn tell_final(&mut self, out: &mut Vec<Output>) {
        if let Some(slot) = self.chain.newly_final() {
            out.push(Output::Finalized(slot));
        }
    }

    fn tell_gap(&mut self, patience: usize, out: &mut Vec<Output>) {
        let Some((_, after)) = self.chain.attach() else {
            return;
        };
        if self.open.ready() <= patience {
            return;
        }
        let Some(before) = self.open.lowest_ready() else {
            return;
        };
        let gap = Gap { after, before };
        if self.gap_told.is_none_or(|told| told.after != gap.after) {
            self.gap_told = Some(gap);
            out.push(Output::Gap(gap));
        }
    }

    /// What must hold between any two inputs, cheap enough for every one of them in a debug build.
    fn sound(&self) -> bool {
        self.stats.violations == 0
            && self
                .open
                .lowest()
                .is_none_or(|lowest| !self.chain.passed(lowest))
    }

    /// The same with everything that is costly to look at.
    #[cfg(test)]
    pub(super) fn consistent(&self) -> bool {
        self.sound() && self.open.consistent()
    }
}
