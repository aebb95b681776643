//! What waits to be stored, taken together: a batch costs the warehouse about as much as several in one.

use hypernode_warehouse::{Ahead, Batch, Retraction};
use tokio::sync::mpsc;

use super::store::{Rewrite, Work, batch};
use crate::batch::MAX_ROWS;

/// The next thing to do, as the writer takes it.
pub(super) enum Next {
    Batch(Box<Batch>, Option<Ahead>),
    Retract(Retraction),
    Rewrite(Box<Rewrite>),
}

impl Next {
    fn new(work: Work, source: &str) -> Self {
        match work {
            Work::Batch(ready) => Self::Batch(Box::new(batch(ready, source)), None),
            Work::Retract(retraction) => Self::Retract(retraction),
            Work::Rewrite(rewrite) => Self::Rewrite(rewrite),
        }
    }
}

/// The queue before the writer.
pub(super) struct Queue<'a> {
    batches: mpsc::Receiver<Work>,
    source: &'a str,
    /// Taken, but not part of what came before it.
    kept: Option<Next>,
}

impl<'a> Queue<'a> {
    /// `source`: where the blocks came from, for the ledger.
    pub(super) fn new(batches: mpsc::Receiver<Work>, source: &'a str) -> Self {
        Self {
            batches,
            source,
            kept: None,
        }
    }

    /// The next thing, with every batch that already waits behind it and continues it; `None` when all is done. Nothing
    /// is lost if this is dropped before it is ready.
    pub(super) async fn next(&mut self) -> Option<Next> {
        let mut first = match self.kept.take() {
            Some(kept) => kept,
            None => Next::new(self.batches.recv().await?, self.source),
        };
        if let Next::Batch(batch, _) = &mut first {
            while let Ok(work) = self.batches.try_recv() {
                self.kept = match Next::new(work, self.source) {
                    Next::Batch(more, _) => batch
                        .append(*more, MAX_ROWS)
                        .map(|apart| Next::Batch(apart, None)),
                    other => Some(other),
                };
                if self.kept.is_some() {
                    break;
                }
            }
        }
        Some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::{Cut, Span};
    use crate::pipeline::store::Ready;

    fn work(slot: u64) -> Work {
        Work::Batch(Ready {
            cut: Cut {
                span: Span {
                    slot_lo: slot,
                    slot_hi: slot + 3,
                    window: 4,
                    part: 0,
                    partial: false,
                    parent_slot: slot - 1,
                    parent_blockhash: [slot as u8; 32],
                    last_block_slot: slot + 3,
                    last_blockhash: [slot as u8 + 4; 32],
                    blocks: 4,
                },
                tables: Vec::new(),
            },
            finalized: slot,
            idls: [0; 32],
        })
    }

    fn retraction(slot_lo: u64) -> Work {
        Work::Retract(Retraction {
            slot_lo,
            slot_hi: slot_lo + 3,
            head_slot: slot_lo - 1,
            head_blockhash: [0; 32],
            reason: hypernode_warehouse::Reason::Fork,
        })
    }

    // I-04.
    #[tokio::test]
    async fn what_waits_is_one_batch_up_to_where_the_chain_or_the_order_ends() {
        let (sender, receiver) = mpsc::channel(9);
        for work in [
            work(4),
            work(8),
            work(12),
            retraction(12),
            work(12),
            // A stretch that does not continue what is before it.
            work(40),
            work(44),
        ] {
            sender.try_send(work).expect("room");
        }
        drop(sender);
        let mut queue = Queue::new(receiver, "test");
        let mut taken = Vec::new();
        while let Some(next) = queue.next().await {
            taken.push(match next {
                Next::Batch(batch, None) => {
                    ("batch", batch.slot_lo, batch.slot_hi, batch.finalized_slot)
                }
                Next::Retract(back) => ("retract", back.slot_lo, back.slot_hi, 0),
                _ => panic!("nobody sent that"),
            });
        }
        assert_eq!(
            taken,
            [
                ("batch", 4, 15, 12),
                ("retract", 12, 15, 0),
                ("batch", 12, 15, 12),
                ("batch", 40, 47, 44)
            ]
        );
    }
}
