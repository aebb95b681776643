//! Where one batch ends and the next begins. Pure.

use hypernode_decoder::chain::Block;

/// Where an earlier run stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resume {
    /// Last slot that its last batch covers.
    pub slot_hi: u64,
    /// Part of its window that this batch was.
    pub part: u32,
}

/// What one batch covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// First slot: the one after the batch before it, or the declared start.
    pub slot_lo: u64,
    /// Last slot: the window's end, or the last block of a part.
    pub slot_hi: u64,
    /// Slots per window.
    pub window: u32,
    /// Counts the batches of one window from 0.
    pub part: u32,
    /// The window was still open: a later run goes on with it.
    pub partial: bool,
    /// Parent of the first block.
    pub parent_slot: u64,
    /// Hash of that parent.
    pub parent_blockhash: [u8; 32],
    /// Slot of the last block.
    pub last_block_slot: u64,
    /// Hash of the last block.
    pub last_blockhash: [u8; 32],
    /// Number of blocks.
    pub blocks: u32,
}

/// Cuts a chain of blocks, given in order, into spans.
#[derive(Debug)]
pub struct Windows {
    size: u32,
    max_rows: u64,
    before: Option<Resume>,
    open: Option<Span>,
}

impl Windows {
    /// Windows of `size` slots (at least 1), aligned to multiples of it; `resume` is where the ledger ends.
    #[must_use]
    pub fn new(size: u32, max_rows: u64, resume: Option<Resume>) -> Self {
        Self {
            size: size.max(1),
            max_rows,
            before: resume,
            open: None,
        }
    }

    /// The span that is complete because the next block lies beyond its window. Call before the block is decoded.
    pub fn before(&mut self, slot: u64) -> Option<Span> {
        let open = self.open.as_ref()?;
        if self.window_of(slot) == self.window_of(open.last_block_slot) {
            return None;
        }
        let slot_hi = self.end_of(open.last_block_slot);
        self.close(slot_hi, false)
    }

    /// Adds a block; `rows` is what the open batch holds with it. The span is complete if that is enough.
    pub fn add(&mut self, block: &Block, rows: u64) -> Option<Span> {
        match &mut self.open {
            Some(open) => {
                open.last_block_slot = block.slot;
                open.last_blockhash = block.blockhash;
                open.blocks += 1;
            }
            None => {
                let part = match self.before {
                    Some(before)
                        if self.window_of(before.slot_hi) == self.window_of(block.slot) =>
                    {
                        before.part.saturating_add(1)
                    }
                    _ => 0,
                };
                self.open = Some(Span {
                    slot_lo: self
                        .before
                        .map_or(block.slot, |before| before.slot_hi.saturating_add(1)),
                    slot_hi: block.slot,
                    window: self.size,
                    part,
                    partial: false,
                    parent_slot: block.parent_slot,
                    parent_blockhash: block.parent_blockhash,
                    last_block_slot: block.slot,
                    last_blockhash: block.blockhash,
                    blocks: 1,
                });
            }
        }
        // Nothing can follow a block at the window's very end: it does not wait for the next one.
        if rows >= self.max_rows || block.slot == self.end_of(block.slot) {
            return self.close(block.slot, false);
        }
        None
    }

    /// The open span, at an orderly end: it covers what is proven and no more.
    pub fn finish(&mut self) -> Option<Span> {
        let last = self.open.as_ref()?.last_block_slot;
        self.close(last, true)
    }

    /// The open span, because `slot` is covered already (it ends before it); the next one goes on from `resume`.
    pub fn jump(&mut self, slot: u64, resume: Option<Resume>) -> Option<Span> {
        let span = match &self.open {
            Some(open) => {
                let slot_hi = slot.saturating_sub(1).max(open.last_block_slot);
                let slot_hi = slot_hi.min(self.end_of(open.last_block_slot));
                let partial = slot_hi != self.end_of(slot_hi);
                self.close(slot_hi, partial)
            }
            None => None,
        };
        self.before = resume;
        span
    }

    /// Forgets the open span if all its blocks lie beyond slot `head`; `true` if it did, or none is open.
    pub fn discard_after(&mut self, head: u64) -> bool {
        // Its first block's parent has left before it: that is `head`, or beyond it, if the block itself is beyond.
        if self
            .open
            .as_ref()
            .is_some_and(|open| open.parent_slot < head)
        {
            return false;
        }
        self.open = None;
        true
    }

    fn close(&mut self, slot_hi: u64, partial: bool) -> Option<Span> {
        let span = Span {
            slot_hi,
            partial,
            ..self.open.take()?
        };
        self.before = Some(Resume {
            slot_hi,
            part: span.part,
        });
        Some(span)
    }

    fn window_of(&self, slot: u64) -> u64 {
        slot / u64::from(self.size)
    }

    fn end_of(&self, slot: u64) -> u64 {
        let size = u64::from(self.size);
        (slot / size * size).saturating_add(size - 1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn block(slot: u64, parent_slot: u64) -> Block {
        Block {
            slot,
            parent_slot,
            ..Block::default()
        }
    }

    /// Blocks with the rows that each brings.
    fn cut(windows: &mut Windows, blocks: &[(u64, u64)]) -> Vec<Span> {
        let (mut spans, mut rows, mut parent) = (Vec::new(), 0, 0);
        for &(slot, more) in blocks {
            if let Some(span) = windows.before(slot) {
                spans.push(span);
                rows = 0;
            }
            rows += more;
            if let Some(span) = windows.add(&block(slot, parent), rows) {
                spans.push(span);
                rows = 0;
            }
            parent = slot;
        }
        spans
    }

    fn bounds(spans: &[Span]) -> Vec<(u64, u64, u32, u32)> {
        spans
            .iter()
            .map(|span| (span.slot_lo, span.slot_hi, span.part, span.blocks))
            .collect()
    }

    // I-04.
    #[test]
    fn windows_are_aligned_and_closed_by_the_first_block_beyond() {
        let mut windows = Windows::new(4, 100, None);
        // The declared start lies inside a window; a whole window is empty.
        let spans = cut(&mut windows, &[(6, 1), (7, 1), (9, 1), (17, 1), (20, 1)]);
        assert_eq!(
            bounds(&spans),
            [(6, 7, 0, 2), (8, 11, 0, 1), (12, 19, 0, 1)]
        );
        assert!(spans.iter().all(|span| !span.partial));
    }

    #[test]
    fn a_heavy_window_is_split_after_the_block_that_is_too_much() {
        let mut windows = Windows::new(8, 10, None);
        let spans = cut(&mut windows, &[(8, 4), (9, 6), (10, 3), (16, 1)]);
        assert_eq!(bounds(&spans), [(8, 9, 0, 2), (10, 15, 1, 1)]);
    }

    // I-04, I-06.
    #[test]
    fn an_orderly_end_is_partial_and_a_later_run_goes_on_with_the_window() {
        let mut windows = Windows::new(8, 100, None);
        assert_eq!(cut(&mut windows, &[(8, 1), (10, 1)]), []);
        let span = windows.finish().expect("open");
        assert_eq!((span.slot_lo, span.slot_hi, span.partial), (8, 10, true));
        assert_eq!(windows.finish(), None);
        let mut later = Windows::new(
            8,
            100,
            Some(Resume {
                slot_hi: span.slot_hi,
                part: span.part,
            }),
        );
        assert_eq!(
            bounds(&cut(&mut later, &[(12, 1), (16, 1)])),
            [(11, 15, 1, 1)]
        );
        // The last block of the window leaves nothing open.
        let mut whole = Windows::new(8, 100, None);
        let spans = cut(&mut whole, &[(15, 1)]);
        assert_eq!(bounds(&spans), [(15, 15, 0, 1)]);
        assert_eq!((spans[0].partial, whole.finish()), (false, None));
    }

    proptest! {
        /// However a run is interrupted by crashes (nothing of an open window is kept), the spans are the same.
        #[test]
        fn spans_are_a_function_of_content(
            steps in prop::collection::vec((1_u64..6, 0_u64..8), 1..60),
            size in 1_u32..9,
            crash in any::<prop::sample::Index>(),
        ) {
            let mut slot = 100;
            let blocks: Vec<(u64, u64)> = steps
                .into_iter()
                .map(|(skip, rows)| {
                    slot += skip;
                    (slot, rows)
                })
                .collect();
            let whole = cut(&mut Windows::new(size, 12, None), &blocks);
            let crash = crash.index(blocks.len());
            let mut spans = cut(&mut Windows::new(size, 12, None), &blocks[..crash]);
            let resume = spans.last().map(|span| Resume { slot_hi: span.slot_hi, part: span.part });
            let from = resume.map_or(0, |resume| resume.slot_hi + 1);
            let rest: Vec<_> = blocks.iter().copied().filter(|(slot, _)| *slot >= from).collect();
            spans.extend(cut(&mut Windows::new(size, 12, resume), &rest));
            prop_assert_eq!(bounds(&spans), bounds(&whole));
            for pair in spans.windows(2) {
                prop_assert_eq!(pair[0].slot_hi + 1, pair[1].slot_lo);
            }
        }
    }
}
