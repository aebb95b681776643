//! Which slots are stored already, and where a new batch may be attached.

use std::collections::{BTreeMap, VecDeque};

use hypernode_decoder::chain::Block;
use hypernode_warehouse::ledger::Ledger;
use hypernode_warehouse::{Client, WarehouseError};

use super::missing::Missing;
use crate::batch::{Resume, Span};
use crate::slots::{Head, Limits, Link};

/// Ledger rows whose part is remembered: no retraction reaches behind them, for each holds a block.
const ROWS: usize = 512;

/// Consecutive ledger rows, with the end of the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) slot_lo: u64,
    pub(super) slot_hi: u64,
    pub(super) part: u32,
    pub(super) last_block_slot: u64,
    pub(super) last_blockhash: [u8; 32],
}

/// A block that contradicts what is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OtherChain {
    pub(super) slot: u64,
}

/// The stored slots.
#[derive(Debug, Clone, Default)]
pub(super) struct Coverage {
    /// By first slot, disjoint.
    ranges: Vec<Range>,
    /// The newest ledger rows, oldest first: first slot and part.
    rows: VecDeque<(u64, u32)>,
}

impl Coverage {
    pub(super) fn new(mut ranges: Vec<Range>) -> Self {
        ranges.sort_by_key(|range| range.slot_lo);
        Self {
            ranges,
            rows: VecDeque::new(),
        }
    }

    /// Takes a batch that is on its way to be stored.
    pub(super) fn add(&mut self, span: &Span) {
        let end = Range {
            slot_lo: span.slot_lo,
            slot_hi: span.slot_hi,
            part: span.part,
            last_block_slot: span.last_block_slot,
            last_blockhash: span.last_blockhash,
        };
        let at = self
            .ranges
            .partition_point(|range| range.slot_lo <= span.slot_lo);
        match at.checked_sub(1).and_then(|at| self.ranges.get_mut(at)) {
            Some(before) if before.slot_hi.saturating_add(1) == span.slot_lo => {
                *before = Range {
                    slot_lo: before.slot_lo,
                    ..end
                };
            }
            _ => self.ranges.insert(at, end),
        }
        self.rows.push_back((span.slot_lo, span.part));
        if self.rows.len() > ROWS {
            self.rows.pop_front();
        }
    }

    /// Forgets what lies beyond `head` on the chain that led to the block of slot `reached`. Returns the last slot that
    /// goes.
    pub(super) fn take_back(&mut self, head: Head, reached: u64) -> u64 {
        let end = self
            .of(reached)
            .map_or(reached, |range| range.slot_hi)
            .max(head.slot);
        self.rows.retain(|(slot_lo, _)| *slot_lo <= head.slot);
        let part = self.rows.back().map_or(0, |(_, part)| *part);
        self.ranges.retain_mut(|range| {
            if range.slot_hi <= head.slot || range.slot_lo > end {
                return true;
            }
            if range.slot_lo > head.slot {
                return false;
            }
            range.slot_hi = head.slot;
            range.part = part;
            range.last_block_slot = head.slot;
            range.last_blockhash = head.blockhash.unwrap_or(range.last_blockhash);
            true
        });
        end
    }

    /// What lies between the ranges.
    pub(super) fn missing(&self) -> Missing {
        Missing::between(&self.ranges)
    }

    /// The range with the highest slots.
    pub(super) fn last(&self) -> Option<&Range> {
        self.ranges.last()
    }

    fn of(&self, slot: u64) -> Option<&Range> {
        let after = self.ranges.partition_point(|range| range.slot_lo <= slot);
        let range = self.ranges.get(after.checked_sub(1)?)?;
        (slot <= range.slot_hi).then_some(range)
    }

    /// Whether the block is stored.
    pub(super) fn covers(&self, block: &Block) -> Result<bool, OtherChain> {
        match self.of(block.slot) {
            None => Ok(false),
            Some(range)
                if range.last_block_slot == block.slot
                    && range.last_blockhash != block.blockhash =>
            {
                Err(OtherChain { slot: block.slot })
            }
            Some(_) => Ok(true),
        }
    }

    /// Where a batch that begins with this block goes on; `None` makes the block a declared start.
    pub(super) fn before(&self, block: &Block) -> Result<Option<Resume>, OtherChain> {
        let Some(range) = self.of(block.parent_slot) else {
            return Ok(None);
        };
        if range.last_block_slot != block.parent_slot
            || range.last_blockhash != block.parent_blockhash
        {
            return Err(OtherChain { slot: block.slot });
        }
        Ok(Some(Resume {
            slot_hi: range.slot_hi,
            part: range.part,
        }))
    }
}

/// The end of an interval.
#[derive(clickhouse::Row, serde::Deserialize)]
struct End {
    slot_hi: u64,
    part: u32,
    last_block_slot: u64,
    last_blockhash: [u8; 32],
}

/// The coverage that a ledger states. Its intervals are few; only the row at the end of each is read.
pub(super) async fn load(client: &Client, ledger: &Ledger) -> Result<Coverage, WarehouseError> {
    let intervals: Vec<(u64, u64)> = ledger.intervals().iter().collect();
    if intervals.is_empty() {
        return Ok(Coverage::default());
    }
    let ends: Vec<String> = intervals.iter().map(|(_, hi)| hi.to_string()).collect();
    // A later epoch replaces an earlier row of the same slots.
    let sql = format!(
        "SELECT slot_hi, part, last_block_slot, last_blockhash FROM ingest_ledger WHERE slot_hi IN ({}) ORDER BY epoch",
        ends.join(", ")
    );
    let rows: Vec<End> = client.rows(&sql).await?;
    let ends: BTreeMap<u64, End> = rows.into_iter().map(|row| (row.slot_hi, row)).collect();
    let ranges = intervals.into_iter().filter_map(|(slot_lo, slot_hi)| {
        let end = ends.get(&slot_hi)?;
        Some(Range {
            slot_lo,
            slot_hi,
            part: end.part,
            last_block_slot: end.last_block_slot,
            last_blockhash: end.last_blockhash,
        })
    });
    let mut coverage = Coverage::new(ranges.collect());
    let newest =
        format!("SELECT slot_lo, part FROM ingest_ledger ORDER BY slot_hi DESC LIMIT {ROWS}");
    let newest: Vec<(u64, u32)> = client.rows(&newest).await?;
    coverage.rows = newest.into_iter().rev().collect();
    Ok(coverage)
}

/// The newest stored blocks up to `head` by their links, oldest first: how far back a machine can withdraw them.
pub(super) async fn links(client: &Client, head: u64) -> Result<Vec<Link>, WarehouseError> {
    #[derive(clickhouse::Row, serde::Deserialize)]
    struct Stored {
        slot: u64,
        blockhash: [u8; 32],
        parent_slot: u64,
        parent_blockhash: [u8; 32],
    }
    let sql = format!(
        "SELECT slot, blockhash, parent_slot, parent_blockhash FROM blocks WHERE slot <= {head} \
         ORDER BY slot DESC LIMIT {}",
        Limits::default().remembered
    );
    let rows: Vec<Stored> = client.rows(&sql).await?;
    let links = rows.into_iter().rev().map(|row| Link {
        slot: row.slot,
        blockhash: row.blockhash,
        parent_slot: row.parent_slot,
        parent_blockhash: row.parent_blockhash,
    });
    Ok(links.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(slot: u64, parent_slot: u64) -> Block {
        Block {
            slot,
            parent_slot,
            parent_blockhash: [parent_slot as u8; 32],
            blockhash: [slot as u8; 32],
            ..Block::default()
        }
    }

    fn range(slot_lo: u64, slot_hi: u64, last_block_slot: u64) -> Range {
        Range {
            slot_lo,
            slot_hi,
            part: 2,
            last_block_slot,
            last_blockhash: [last_block_slot as u8; 32],
        }
    }

    #[test]
    fn stored_blocks_are_known_and_new_ones_attach_to_their_parent_only() {
        let coverage = Coverage::new(vec![range(20, 23, 22), range(10, 13, 13)]);
        assert_eq!(coverage.covers(&block(12, 11)), Ok(true));
        assert_eq!(coverage.covers(&block(14, 13)), Ok(false));
        assert_eq!(coverage.covers(&block(9, 8)), Ok(false));
        assert_eq!(
            coverage.before(&block(14, 13)),
            Ok(Some(Resume {
                slot_hi: 13,
                part: 2
            }))
        );
        assert_eq!(
            coverage.before(&block(25, 22)),
            Ok(Some(Resume {
                slot_hi: 23,
                part: 2
            }))
        );
        assert_eq!(coverage.before(&block(40, 39)), Ok(None));
        // A parent inside what is stored, but not its last block: a fork.
        assert_eq!(
            coverage.before(&block(24, 21)),
            Err(OtherChain { slot: 24 })
        );
    }

    fn span(slot_lo: u64, slot_hi: u64, part: u32) -> Span {
        Span {
            slot_lo,
            slot_hi,
            window: 4,
            part,
            partial: false,
            parent_slot: slot_lo - 1,
            parent_blockhash: [0; 32],
            last_block_slot: slot_hi,
            last_blockhash: [slot_hi as u8; 32],
            blocks: 1,
        }
    }

    #[test]
    fn what_is_taken_back_is_open_again_up_to_where_its_chain_led() {
        let mut coverage = Coverage::new(vec![range(10, 13, 13), range(90, 93, 93)]);
        for (slot_lo, slot_hi, part) in [(14, 17, 0), (18, 19, 1), (20, 23, 0)] {
            coverage.add(&span(slot_lo, slot_hi, part));
        }
        let head = Head {
            slot: 18,
            blockhash: Some([18; 32]),
        };
        assert_eq!(coverage.take_back(head, 22), 23);
        assert_eq!(coverage.covers(&block(19, 18)), Ok(false));
        assert_eq!(coverage.covers(&block(91, 90)), Ok(true));
        let resume = coverage.before(&block(21, 18)).expect("one chain");
        assert_eq!(
            resume,
            Some(Resume {
                slot_hi: 18,
                part: 1
            })
        );
        // Down to before what is stored: a start of its own.
        let head = Head {
            slot: 9,
            blockhash: None,
        };
        assert_eq!(coverage.take_back(head, 18), 18);
        assert_eq!(coverage.before(&block(11, 9)), Ok(None));
    }

    #[test]
    fn another_hash_in_a_known_place_is_another_chain() {
        let coverage = Coverage::new(vec![range(10, 13, 13)]);
        let foreign = Block {
            blockhash: [99; 32],
            ..block(13, 12)
        };
        assert_eq!(coverage.covers(&foreign), Err(OtherChain { slot: 13 }));
        let child = Block {
            parent_blockhash: [99; 32],
            ..block(14, 13)
        };
        assert_eq!(coverage.before(&child), Err(OtherChain { slot: 14 }));
    }
}
