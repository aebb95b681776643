//! Blocks cut into batches whose bounds and rows are a function of content alone.

mod windows;

use std::sync::Arc;

use hypernode_decoder::chain::Block;
use hypernode_decoder::{BlockStats, Decoder, Observer, Rows};
use hypernode_schemas::table::TableRows;

pub use windows::{Resume, Span, Windows};

/// Slots per window while following the tip.
pub const LIVE_WINDOW: u32 = 4;
/// Slots per window for recordings and backfill.
pub const BULK_WINDOW: u32 = 512;
/// A window is split after the block that brings a batch to this many rows.
pub const MAX_ROWS: u64 = 200_000;

/// The rows of one span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// What they cover.
    pub span: Span,
    /// Non-empty tables, in a fixed order.
    pub tables: Vec<TableRows>,
}

/// Decodes blocks, given in chain order, into batches.
#[derive(Debug)]
pub struct Batcher {
    decoder: Arc<Decoder>,
    windows: Windows,
    rows: Rows,
}

impl Batcher {
    /// See [`Windows::new`].
    #[must_use]
    pub fn new(decoder: Arc<Decoder>, window: u32, max_rows: u64, resume: Option<Resume>) -> Self {
        Self {
            rows: Rows::new(&decoder),
            windows: Windows::new(window, max_rows, resume),
            decoder,
        }
    }

    /// Adds a block; appends the batches that are complete with it.
    pub fn push(
        &mut self,
        block: &Block,
        observer: &mut dyn Observer,
        out: &mut Vec<Cut>,
    ) -> BlockStats {
        if let Some(span) = self.windows.before(block.slot) {
            out.push(self.cut(span));
        }
        let stats = self.decoder.decode_block(block, &mut self.rows, observer);
        if let Some(span) = self.windows.add(block, self.rows.rows()) {
            out.push(self.cut(span));
        }
        stats
    }

    /// Closes what is open at an orderly end.
    pub fn finish(&mut self) -> Option<Cut> {
        let span = self.windows.finish()?;
        Some(self.cut(span))
    }

    /// Closes what is open because `slot` is covered already, and goes on behind what covers it.
    pub fn jump(&mut self, slot: u64, resume: Option<Resume>) -> Option<Cut> {
        let span = self.windows.jump(slot, resume)?;
        Some(self.cut(span))
    }

    /// Forgets what is open beyond slot `head`. What is open on both sides of it is closed: its rows cannot be told apart,
    /// and what is too much is taken back once it is stored.
    pub fn take_back(&mut self, head: u64) -> Option<Cut> {
        if self.windows.discard_after(head) {
            self.rows.clear();
            return None;
        }
        self.finish()
    }

    fn cut(&mut self, span: Span) -> Cut {
        Cut {
            span,
            tables: self.rows.take(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::bench::synthetic;

    fn cuts(decoder: &Arc<Decoder>, blocks: &[Block], resume: Option<Resume>) -> Vec<Cut> {
        let mut batcher = Batcher::new(Arc::clone(decoder), 4, 120, resume);
        let mut out = Vec::new();
        for block in blocks {
            batcher.push(block, &mut (), &mut out);
        }
        out
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        /// The same chain, interrupted anywhere: the same batches, byte for byte.
        #[test]
        fn batches_are_a_function_of_content(
            steps in prop::collection::vec((1_u64..4, 0_u32..40), 1..16),
            crash in any::<prop::sample::Index>(),
        ) {
            let decoder = Arc::new(synthetic::decoder().expect("decoder"));
            let mut slot = 1_000;
            let mut blocks = Vec::new();
            for (skip, transactions) in steps {
                let parent = slot;
                slot += skip;
                blocks.push(synthetic::block(slot, parent, transactions));
            }
            let whole = cuts(&decoder, &blocks, None);
            let mut parts = cuts(&decoder, &blocks[..crash.index(blocks.len())], None);
            let resume = parts.last().map(|cut| Resume { slot_hi: cut.span.slot_hi, part: cut.span.part });
            let from = resume.map_or(0, |resume| resume.slot_hi + 1);
            let rest: Vec<_> = blocks.iter().filter(|block| block.slot >= from).cloned().collect();
            parts.extend(cuts(&decoder, &rest, resume));
            prop_assert_eq!(parts, whole);
        }
    }

    #[test]
    fn every_row_of_every_block_is_in_one_batch() {
        let decoder = Arc::new(synthetic::decoder().expect("decoder"));
        let blocks: Vec<_> = (0..9)
            .map(|n| synthetic::block(10 + n, 9 + n, 20))
            .collect();
        let mut batcher = Batcher::new(Arc::clone(&decoder), 4, MAX_ROWS, None);
        let mut out = Vec::new();
        let mut events = 0;
        for block in &blocks {
            let stats = batcher.push(block, &mut (), &mut out);
            assert_eq!(stats.dead_letters, 0);
            events += u64::from(stats.events);
        }
        out.extend(batcher.finish());
        let rows = |table: &str| -> u64 {
            out.iter()
                .flat_map(|cut| &cut.tables)
                .filter(|rows| rows.table == table)
                .map(|rows| rows.rows)
                .sum()
        };
        assert_eq!(rows("blocks"), 9);
        assert_eq!(rows("transactions"), 180);
        assert_eq!(rows("events"), events);
        assert!(events >= 180, "{events}");
        assert!(out.last().is_some_and(|cut| cut.span.partial));
    }
}
