//! Which slots are stored already, and where a new batch may be attached.

use std::collections::BTreeMap;

use hypernode_decoder::chain::Block;
use hypernode_warehouse::ledger::Ledger;
use hypernode_warehouse::{Client, WarehouseError};

use crate::batch::Resume;

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
}

impl Coverage {
    pub(super) fn new(mut ranges: Vec<Range>) -> Self {
        ranges.sort_by_key(|range| range.slot_lo);
        Self { ranges }
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
    Ok(Coverage::new(ranges.collect()))
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
