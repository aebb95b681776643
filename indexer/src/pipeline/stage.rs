//! Inputs in, batches out: the slot machine, the decoder and the windows in one thread.

use std::sync::Arc;

use hypernode_decoder::chain::Block;
use hypernode_decoder::{Decoder, Observer, Rows};
use hypernode_warehouse::{Reason, Retraction};

use super::coverage::{Coverage, OtherChain};
use super::status::StatusHandle;
use super::store::{Ready, Work};
use crate::batch::{Batcher, Cut, MAX_ROWS};
use crate::slots::{Gap, Head, Input, Limits, Link, Output, SlotMachine, Stats};

/// What is stored when a stage begins, and where its machine goes on.
#[derive(Debug, Clone, Default)]
pub(super) struct Start {
    pub(super) coverage: Coverage,
    /// The block that the first one must follow; `None`: the first proven block is the start.
    pub(super) head: Option<Head>,
    /// The newest stored blocks, oldest first: how far back they can be withdrawn.
    pub(super) recent: Vec<Link>,
}

impl From<Coverage> for Start {
    fn from(coverage: Coverage) -> Self {
        Self {
            coverage,
            ..Self::default()
        }
    }
}

/// Why a stage cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// A block contradicts what is stored.
    OtherChain(OtherChain),
    /// A final slot contradicts what has left and cannot be withdrawn.
    Contradiction {
        /// The slot.
        slot: u64,
    },
}

impl From<OtherChain> for Refused {
    fn from(other: OtherChain) -> Self {
        Self::OtherChain(other)
    }
}

/// See the module.
pub(super) struct Stage<O> {
    decoder: Arc<Decoder>,
    machine: SlotMachine,
    batcher: Batcher,
    coverage: Coverage,
    pub(super) observer: O,
    /// Decode what is stored already too, for the observer.
    observe_all: bool,
    scratch: Rows,
    status: StatusHandle,
    outputs: Vec<Output>,
    work: Vec<Work>,
    cuts: Vec<Cut>,
    /// Slot of the last block that has left the machine.
    reached: u64,
    /// The next uncovered block has to be attached to what is stored.
    detached: bool,
    finalized: u64,
    gaps: Vec<Gap>,
    /// The hole that stops the machine.
    hole: Option<Gap>,
    /// Slots that several blocks claim, since they were last taken.
    doubts: Vec<u64>,
    /// Seen and confirmed slots as last told.
    told: (u64, u64),
    blocks: u64,
}

impl<O: Observer> Stage<O> {
    pub(super) fn new(
        decoder: Arc<Decoder>,
        window: u32,
        start: impl Into<Start>,
        observer: O,
        status: StatusHandle,
        live: bool,
    ) -> Self {
        let Start {
            coverage,
            head,
            recent,
        } = start.into();
        let limits = Limits {
            // A live stream is asked for whole blocks; a recording may hold anything.
            whole_blocks: live,
            ..Limits::default()
        };
        Self {
            machine: SlotMachine::resume(limits, head, &recent),
            batcher: Batcher::new(Arc::clone(&decoder), window, MAX_ROWS, None),
            scratch: Rows::new(&decoder),
            decoder,
            coverage,
            observer,
            observe_all: !live,
            status,
            outputs: Vec::new(),
            work: Vec::new(),
            cuts: Vec::new(),
            reached: head.map_or(0, |head| head.slot),
            detached: true,
            finalized: 0,
            gaps: Vec::new(),
            hole: None,
            doubts: Vec::new(),
            told: (0, 0),
            blocks: 0,
        }
    }

    /// Takes one input. What follows from it is then in [`Stage::work`].
    pub(super) fn push(&mut self, input: Input) -> Result<(), Refused> {
        self.machine.push(input, &mut self.outputs);
        self.follow()
    }

    /// The source has ended, or the run has: what is proven is closed.
    pub(super) fn finish(&mut self, source_ended: bool) -> Result<(), Refused> {
        if source_ended {
            self.machine.finish(&mut self.outputs);
            self.follow()?;
        }
        let cut = self.batcher.finish();
        self.send(cut);
        Ok(())
    }

    /// What is to be stored or taken back since the last call, in order.
    pub(super) fn work(&mut self) -> impl Iterator<Item = Work> + '_ {
        let finalized = self.finalized;
        // What was cut before slots are taken back may hold them: it knows of no final slot beyond them.
        let retracts = |work: &Work| matches!(work, Work::Retract(_));
        let after = self.work.iter().rposition(retracts).map_or(0, |at| at + 1);
        self.work
            .drain(..)
            .enumerate()
            .map(move |(at, work)| match work {
                Work::Batch(ready) if at >= after => Work::Batch(Ready { finalized, ..ready }),
                other => other,
            })
    }

    fn send(&mut self, cuts: impl IntoIterator<Item = Cut>) {
        for cut in cuts {
            self.coverage.add(&cut.span);
            let finalized = self.finalized;
            self.work.push(Work::Batch(Ready {
                cut,
                finalized,
                idls: self.decoder.idls().hash(),
            }));
        }
    }

    /// The hole that stops the machine now; it gets smaller while it is filled.
    pub(super) fn hole(&self) -> Option<Gap> {
        self.hole
    }

    /// The source says that it will not send these slots: a hole before any block beyond it is there.
    pub(super) fn miss(&mut self, gap: Gap) {
        self.hole = Some(gap);
        self.gaps.push(gap);
        self.status.update(|status| status.gap = Some(gap));
    }

    /// Slots that several blocks claim, of those that were not taken before.
    pub(super) fn doubts(&mut self) -> std::vec::Drain<'_, u64> {
        self.doubts.drain(..)
    }

    pub(super) fn gaps(&self) -> &[Gap] {
        &self.gaps
    }

    pub(super) fn stats(&self) -> Stats {
        self.machine.stats()
    }

    pub(super) fn head(&self) -> Option<Head> {
        self.machine.head()
    }

    /// Blocks seen, stored ones included.
    #[cfg(test)]
    pub(super) fn blocks(&self) -> u64 {
        self.blocks
    }

    fn follow(&mut self) -> Result<(), Refused> {
        let stats = self.machine.stats();
        if (stats.seen, stats.confirmed) != self.told {
            self.told = (stats.seen, stats.confirmed);
            self.status.update(|status| {
                (status.seen_slot, status.confirmed_slot) = (stats.seen, stats.confirmed);
                status.slots = stats;
            });
        }
        let mut outputs = std::mem::take(&mut self.outputs);
        let mut result = Ok(());
        for output in outputs.drain(..) {
            match output {
                Output::Publish(block) => {
                    result = self.block(&block).map_err(Refused::from);
                    if result.is_err() {
                        break;
                    }
                }
                Output::Finalized(slot) => {
                    self.finalized = slot;
                    self.status
                        .update(|status| status.finalized_slot = slot.min(status.as_of_slot));
                }
                Output::Gap(gap) => {
                    // The same hole with a higher low end is being filled: no news.
                    if self.hole.is_none_or(|hole| gap.after >= hole.before) {
                        tracing::error!(
                            after = gap.after,
                            before = gap.before,
                            "blocks are missing between these slots: nothing after them is published until a source sends them"
                        );
                        self.gaps.push(gap);
                    }
                    self.hole = Some(gap);
                    self.status.update(|status| {
                        status.gap = Some(gap);
                        status.message = Some(format!(
                            "blocks between slots {} and {} are missing",
                            gap.after, gap.before
                        ));
                    });
                }
                Output::Skipped { .. } => {}
                Output::Retract { head, .. } => self.take_back(head),
                Output::Contradiction { slot } => {
                    self.status.update(|status| {
                        status.contradiction = Some(slot);
                        status.message = Some(format!(
                            "slot {slot} contradicts blocks that were final, or are too old to be taken back"
                        ));
                    });
                    result = Err(Refused::Contradiction { slot });
                    break;
                }
                Output::Dead { slot } => tracing::debug!(slot, "slot died"),
                Output::Missing { from, to } => {
                    tracing::warn!(from, to, "slots given up by the operator");
                    // What comes next attaches to what is stored only if it names it as its parent.
                    let cut = self.batcher.finish();
                    self.send(cut);
                    self.detached = true;
                }
                Output::Equivocation { slot, published } => {
                    self.doubts.push(slot);
                    self.status.update(|status| {
                        status.contradiction = Some(slot);
                        status.message = Some(format!(
                            "two blocks claim slot {slot}, or it does not fit its parent"
                        ));
                    });
                    tracing::error!(
                        slot,
                        published,
                        "two blocks claim one slot, or a block does not fit its parent"
                    );
                }
            }
        }
        outputs.clear();
        self.outputs = outputs;
        result
    }

    /// Everything beyond `head` is of a chain that is no more. Slots right after it are open again, too: that they hold no
    /// block was proven by one that goes.
    fn take_back(&mut self, head: Head) {
        let cut = self.batcher.take_back(head.slot);
        self.send(cut);
        let slot_hi = self.coverage.take_back(head, self.reached);
        tracing::warn!(
            after = head.slot,
            to = slot_hi,
            "confirmed slots have died: what was stored of them is taken back"
        );
        self.work.push(Work::Retract(Retraction {
            slot_lo: head.slot.saturating_add(1),
            slot_hi,
            head_slot: head.slot,
            head_blockhash: head.blockhash.unwrap_or_default(),
            reason: Reason::Fork,
        }));
        self.reached = head.slot;
        self.detached = true;
        self.hole = None;
        let retracted = self.machine.stats().retracted;
        self.status.update(|status| {
            status.proven_slot = head.slot;
            status.retracted = retracted;
            // What was missing on that branch is missing no more.
            status.gap = None;
        });
    }

    fn block(&mut self, block: &Block) -> Result<(), OtherChain> {
        self.blocks += 1;
        self.reached = block.slot;
        self.hole = self.hole.filter(|hole| block.slot < hole.before);
        if self.coverage.covers(block)? {
            let cut = self.batcher.jump(block.slot, None);
            self.send(cut);
            self.detached = true;
            if self.observe_all {
                self.decoder
                    .decode_block(block, &mut self.scratch, &mut self.observer);
                self.scratch.clear();
            }
            return Ok(());
        }
        if self.detached {
            let resume = self.coverage.before(block)?;
            let cut = self.batcher.jump(block.slot, resume);
            self.send(cut);
            self.detached = false;
        }
        let mut cuts = std::mem::take(&mut self.cuts);
        let stats = self.batcher.push(block, &mut self.observer, &mut cuts);
        self.send(cuts.drain(..));
        self.cuts = cuts;
        let (slot, hole) = (block.slot, self.hole);
        self.status.update(|status| {
            status.proven_slot = slot;
            status.dead_letters += u64::from(stats.dead_letters);
            if status.contradiction.is_some_and(|other| slot >= other) {
                status.contradiction = None;
            }
            // A block that leaves from beyond the hole has closed it.
            status.gap = status.gap.filter(|_| hole.is_some());
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::synthetic;
    use crate::pipeline::coverage::Range;
    use crate::slots::SlotStatus;

    fn stage(coverage: Vec<Range>) -> Stage<()> {
        let decoder = Arc::new(synthetic::decoder().expect("decoder"));
        Stage::new(
            decoder,
            8,
            Coverage::new(coverage),
            (),
            StatusHandle::new(),
            false,
        )
    }

    fn run(stage: &mut Stage<()>, slots: std::ops::Range<u64>) -> Vec<(u64, u64, u32, bool)> {
        for slot in slots {
            stage
                .push(Input::Block(Box::new(synthetic::block(slot, slot - 1, 3))))
                .expect("one chain");
            let status = SlotStatus::Confirmed;
            stage
                .push(Input::Status {
                    slot,
                    parent: None,
                    status,
                })
                .expect("one chain");
        }
        stage.finish(true).expect("one chain");
        spans(stage).into_iter().filter_map(Result::ok).collect()
    }

    /// First and last slot, part, and whether the window goes on.
    type Stored = (u64, u64, u32, bool);

    /// What is stored, and first and last slot of what is taken back, in order.
    fn spans(stage: &mut Stage<()>) -> Vec<Result<Stored, (u64, u64)>> {
        let work = stage.work().map(|work| match work {
            Work::Batch(ready) => {
                let span = ready.cut.span;
                Ok((span.slot_lo, span.slot_hi, span.part, span.partial))
            }
            Work::Retract(gone) => Err((gone.slot_lo, gone.slot_hi)),
            Work::Rewrite(other) => panic!("{other:?}"),
        });
        work.collect()
    }

    /// A confirmed block.
    fn add(stage: &mut Stage<()>, slot: u64, parent: u64) {
        let block = Box::new(synthetic::block(slot, parent, 3));
        stage.push(Input::Block(block)).expect("one chain");
        says(stage, slot, SlotStatus::Confirmed);
    }

    fn says(stage: &mut Stage<()>, slot: u64, status: SlotStatus) {
        stage
            .push(Input::Status {
                slot,
                parent: None,
                status,
            })
            .expect("one chain");
    }

    // I-28: rows of a slot that dies go, wherever they are, and the other branch is stored in their place.
    #[test]
    fn a_confirmed_slot_that_dies_is_taken_back_wherever_it_is() {
        // In the open window alone: nothing was stored of it, what is stored loses its empty tail at most.
        let mut stage = stage(vec![]);
        for slot in [4, 5, 6, 8, 9] {
            add(&mut stage, slot, if slot == 8 { 6 } else { slot - 1 });
        }
        assert_eq!(spans(&mut stage), [Ok((4, 7, 0, false))]);
        says(&mut stage, 8, SlotStatus::Dead);
        assert_eq!(spans(&mut stage), [Err((7, 9))]);
        // The other branch has a block in the slot that was proven empty by one that is no more.
        add(&mut stage, 7, 6);
        add(&mut stage, 10, 7);
        add(&mut stage, 16, 10);
        assert_eq!(
            spans(&mut stage),
            [Ok((7, 7, 1, false)), Ok((8, 15, 0, false))]
        );
        // Across several stored windows.
        add(&mut stage, 24, 16);
        assert_eq!(spans(&mut stage), [Ok((16, 23, 0, false))]);
        says(&mut stage, 10, SlotStatus::Dead);
        assert_eq!(spans(&mut stage), [Err((8, 24))]);
        add(&mut stage, 12, 7);
        // Inside the open window: it is closed, and cut where it is stored.
        add(&mut stage, 13, 12);
        says(&mut stage, 13, SlotStatus::Dead);
        assert_eq!(spans(&mut stage), [Ok((8, 13, 0, true)), Err((13, 13))]);
        add(&mut stage, 14, 12);
        stage.finish(true).expect("one chain");
        assert_eq!(spans(&mut stage), [Ok((13, 14, 1, true))]);
    }

    // I-30: the ledger must not call slots final that a final one has led past.
    #[test]
    fn what_a_final_slot_leads_past_is_not_stored_as_final() {
        let mut stage = stage(vec![]);
        for slot in 8..14 {
            add(&mut stage, slot, slot - 1);
        }
        says(&mut stage, 9, SlotStatus::Finalized);
        assert_eq!(spans(&mut stage), []);
        let block = Box::new(synthetic::block(14, 11, 3));
        stage.push(Input::Block(block)).expect("one chain");
        says(&mut stage, 14, SlotStatus::Finalized);
        add(&mut stage, 16, 14);
        let work = stage.work().map(|work| match work {
            Work::Batch(ready) => (ready.cut.span.slot_hi, Some(ready.finalized)),
            Work::Retract(gone) => (gone.slot_lo, None),
            Work::Rewrite(other) => panic!("{other:?}"),
        });
        let work: Vec<(u64, Option<u64>)> = work.collect();
        assert_eq!(work, [(13, Some(9)), (12, None), (15, Some(14))]);
    }

    #[test]
    fn what_was_stored_before_a_restart_can_be_taken_back_and_what_cannot_stops_the_run() {
        let link = |slot: u64| {
            let block = synthetic::block(slot, slot - 1, 0);
            Link {
                slot,
                blockhash: block.blockhash,
                parent_slot: block.parent_slot,
                parent_blockhash: block.parent_blockhash,
            }
        };
        let start = || Start {
            coverage: Coverage::new(vec![range(4, 11)]),
            head: Some(Head {
                slot: 11,
                blockhash: Some(link(11).blockhash),
            }),
            recent: (8..12).map(link).collect(),
        };
        let decoder = Arc::new(synthetic::decoder().expect("decoder"));
        let resumed = || {
            Stage::new(
                Arc::clone(&decoder),
                8,
                start(),
                (),
                StatusHandle::new(),
                true,
            )
        };
        let mut one = resumed();
        says(&mut one, 10, SlotStatus::Dead);
        assert_eq!(spans(&mut one), [Err((10, 11))]);
        add(&mut one, 12, 9);
        one.finish(true).expect("one chain");
        assert_eq!(spans(&mut one), [Ok((10, 12, 1, true))]);
        let mut two = resumed();
        let dead = |stage: &mut Stage<()>, slot| {
            stage.push(Input::Verdict {
                slot,
                blockhash: [9; 32],
            })
        };
        says(&mut two, 10, SlotStatus::Finalized);
        assert_eq!(dead(&mut two, 9), Err(Refused::Contradiction { slot: 9 }));
        assert_eq!(two.status.get().contradiction, Some(9));
    }

    fn range(slot_lo: u64, slot_hi: u64) -> Range {
        Range {
            slot_lo,
            slot_hi,
            part: 0,
            last_block_slot: slot_hi,
            last_blockhash: synthetic::block(slot_hi, 0, 0).blockhash,
        }
    }

    #[test]
    fn only_what_is_not_stored_is_written_and_it_attaches_to_what_is() {
        assert_eq!(
            run(&mut stage(vec![]), 4..18),
            [(4, 7, 0, false), (8, 15, 0, false), (16, 17, 0, true)]
        );
        let mut again = stage(vec![range(4, 7), range(8, 15), range(16, 17)]);
        assert_eq!(run(&mut again, 4..18), []);
        assert_eq!(again.blocks(), 14);
        // A hole in the middle of what is stored, and more at its end.
        let mut more = stage(vec![range(4, 7), range(12, 13)]);
        assert_eq!(
            run(&mut more, 4..18),
            [(8, 11, 0, true), (14, 15, 1, false), (16, 17, 0, true)]
        );
    }

    #[test]
    fn another_chain_is_refused() {
        let mut wrong = range(4, 7);
        wrong.last_blockhash = [1; 32];
        let mut stage = stage(vec![wrong]);
        let block = synthetic::block(8, 7, 1);
        stage
            .push(Input::Block(Box::new(block)))
            .expect("not confirmed yet");
        let status = SlotStatus::Confirmed;
        assert_eq!(
            stage.push(Input::Status {
                slot: 8,
                parent: None,
                status
            }),
            Err(Refused::OtherChain(OtherChain { slot: 8 }))
        );
    }
}
