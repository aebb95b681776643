//! Inputs in, batches out: the slot machine, the decoder and the windows in one thread.

use std::sync::Arc;

use hypernode_decoder::chain::Block;
use hypernode_decoder::{Decoder, Observer, Rows};

use super::coverage::{Coverage, OtherChain};
use super::status::StatusHandle;
use crate::batch::{Batcher, Cut, MAX_ROWS};
use crate::slots::{Gap, Head, Input, Limits, Output, SlotMachine, Stats};

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
    cuts: Vec<Cut>,
    /// The next uncovered block has to be attached to what is stored.
    detached: bool,
    finalized: u64,
    gaps: Vec<Gap>,
    /// Seen and confirmed slots as last told.
    told: (u64, u64),
    blocks: u64,
}

impl<O: Observer> Stage<O> {
    pub(super) fn new(
        decoder: Arc<Decoder>,
        window: u32,
        head: Option<Head>,
        coverage: Coverage,
        observer: O,
        status: StatusHandle,
        live: bool,
    ) -> Self {
        let limits = Limits {
            // A live stream is asked for whole blocks; a recording may hold anything.
            whole_blocks: live,
            ..Limits::default()
        };
        Self {
            machine: SlotMachine::new(limits, head),
            batcher: Batcher::new(Arc::clone(&decoder), window, MAX_ROWS, None),
            scratch: Rows::new(&decoder),
            decoder,
            coverage,
            observer,
            observe_all: !live,
            status,
            outputs: Vec::new(),
            cuts: Vec::new(),
            detached: true,
            finalized: 0,
            gaps: Vec::new(),
            told: (0, 0),
            blocks: 0,
        }
    }

    /// Takes one input. Complete batches are then in [`Stage::cuts`].
    pub(super) fn push(&mut self, input: Input) -> Result<(), OtherChain> {
        self.machine.push(input, &mut self.outputs);
        self.follow()
    }

    /// The source has ended, or the run has: what is proven is closed.
    pub(super) fn finish(&mut self, source_ended: bool) -> Result<(), OtherChain> {
        if source_ended {
            self.machine.finish(&mut self.outputs);
            self.follow()?;
        }
        self.cuts.extend(self.batcher.finish());
        Ok(())
    }

    /// Batches complete since the last call.
    pub(super) fn cuts(&mut self) -> std::vec::Drain<'_, Cut> {
        self.cuts.drain(..)
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

    /// Highest final slot known; 0 = none.
    pub(super) fn finalized(&self) -> u64 {
        self.finalized
    }

    /// Blocks seen, stored ones included.
    #[cfg(test)]
    pub(super) fn blocks(&self) -> u64 {
        self.blocks
    }

    fn follow(&mut self) -> Result<(), OtherChain> {
        let stats = self.machine.stats();
        if (stats.seen, stats.confirmed) != self.told {
            self.told = (stats.seen, stats.confirmed);
            self.status.update(|status| {
                (status.seen_slot, status.confirmed_slot) = (stats.seen, stats.confirmed);
            });
        }
        let mut outputs = std::mem::take(&mut self.outputs);
        let mut result = Ok(());
        for output in outputs.drain(..) {
            match output {
                Output::Publish(block) => {
                    result = self.block(&block);
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
                    tracing::error!(
                        after = gap.after,
                        before = gap.before,
                        "blocks are missing between these slots: nothing after them is published until a source sends them"
                    );
                    self.gaps.push(gap);
                    self.status.update(|status| {
                        status.gap = Some(gap);
                        status.message = Some(format!(
                            "blocks between slots {} and {} are missing",
                            gap.after, gap.before
                        ));
                    });
                }
                Output::Skipped { .. } => {}
                Output::Retract { from, .. } | Output::Contradiction { slot: from } => {
                    tracing::error!(
                        slot = from,
                        "a stored slot has died: its rows are of a chain that is no more"
                    );
                }
                Output::Dead { slot } => tracing::debug!(slot, "slot died"),
                Output::Missing { from, to } => {
                    tracing::warn!(from, to, "slots given up by the operator");
                }
                Output::Equivocation { slot, published } => {
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

    fn block(&mut self, block: &Block) -> Result<(), OtherChain> {
        self.blocks += 1;
        if self.coverage.covers(block)? {
            self.cuts.extend(self.batcher.jump(block.slot, None));
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
            self.cuts.extend(self.batcher.jump(block.slot, resume));
            self.detached = false;
        }
        let stats = self.batcher.push(block, &mut self.observer, &mut self.cuts);
        let slot = block.slot;
        self.status.update(|status| {
            status.proven_slot = slot;
            status.dead_letters += u64::from(stats.dead_letters);
            if status.contradiction.is_some_and(|other| slot >= other) {
                status.contradiction = None;
            }
            // A block that leaves has closed the hole before it.
            if status.gap.is_some_and(|gap| slot > gap.after) {
                status.gap = None;
            }
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
            None,
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
        let spans = stage.cuts().map(|cut| cut.span);
        spans
            .map(|span| (span.slot_lo, span.slot_hi, span.part, span.partial))
            .collect()
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
            Err(OtherChain { slot: 8 })
        );
    }
}
