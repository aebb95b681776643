//! One batch: rows of a range of slots, with what its ledger row says.

use hypernode_schemas::table::TableRows;

use crate::ledger::{LedgerRow, Sums};

/// Rows of the slots `slot_lo..=slot_hi`, ready to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// First slot covered, with or without a block.
    pub slot_lo: u64,
    /// Last slot covered.
    pub slot_hi: u64,
    /// Slots per window: 4 live, 512 in bulk.
    pub window: u32,
    /// Part of the window, from 0; a window is split only at very large blocks. Of several windows, the last one's.
    pub part: u32,
    /// The window is not whole: a recording ended or the process stopped.
    pub partial: bool,
    /// Parent slot of the first block.
    pub parent_slot: u64,
    /// Parent hash of the first block.
    pub parent_blockhash: [u8; 32],
    /// Slot of the last block.
    pub last_block_slot: u64,
    /// Hash of the last block.
    pub last_blockhash: [u8; 32],
    /// Blocks in the range.
    pub blocks: u32,
    /// Highest slot known to be finalized when the batch was closed, 0 if unknown.
    pub finalized_slot: u64,
    /// Where the blocks came from, e.g. `geyser`.
    pub source: String,
    /// Hash of the set of IDLs that its rows were decoded with, which [`crate::idl_sets`] holds; zeros: none.
    pub idls: [u8; 32],
    /// Rows by table, none of them empty, each below 1,000,000 rows.
    pub tables: Vec<TableRows>,
}

impl Batch {
    /// blake3 over names and bytes of all tables, each with its length, in order.
    #[must_use]
    pub fn content(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        for table in &self.tables {
            hasher.update(&(table.table.len() as u64).to_le_bytes());
            hasher.update(table.table.as_bytes());
            hasher.update(&(table.native.len() as u64).to_le_bytes());
            hasher.update(&table.native);
        }
        *hasher.finalize().as_bytes()
    }

    /// Takes in the batch right after this one; gives it back where the two are not one stretch of one chain, decoded
    /// alike, or come to more than `max_rows`.
    pub fn append(&mut self, next: Self, max_rows: u64) -> Option<Box<Self>> {
        let continues = self.slot_hi.checked_add(1) == Some(next.slot_lo)
            && (self.last_block_slot, self.last_blockhash)
                == (next.parent_slot, next.parent_blockhash);
        let alike =
            (self.window, self.idls, &self.source) == (next.window, next.idls, &next.source);
        if !continues || !alike || self.partial || self.rows() + next.rows() > max_rows {
            return Some(Box::new(next));
        }
        for more in next.tables {
            match self.tables.iter_mut().find(|own| own.table == more.table) {
                Some(own) => {
                    // Native data is a sequence of blocks.
                    own.native = [&own.native[..], &more.native[..]].concat().into();
                    own.rows += more.rows;
                }
                None => self.tables.push(more),
            }
        }
        self.slot_hi = next.slot_hi;
        self.part = next.part;
        self.partial = next.partial;
        self.last_block_slot = next.last_block_slot;
        self.last_blockhash = next.last_blockhash;
        self.blocks = self.blocks.saturating_add(next.blocks);
        self.finalized_slot = self.finalized_slot.max(next.finalized_slot);
        None
    }

    /// Rows of all tables.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.rows).sum()
    }

    pub(crate) fn ledger_row(
        &self,
        epoch: u32,
        seq: u64,
        tables: Sums,
        content: [u8; 32],
    ) -> LedgerRow {
        LedgerRow {
            slot_lo: self.slot_lo,
            slot_hi: self.slot_hi,
            window: self.window,
            part: self.part,
            epoch,
            partial: self.partial,
            parent_slot: self.parent_slot,
            parent_blockhash: self.parent_blockhash,
            last_blockhash: self.last_blockhash,
            last_block_slot: self.last_block_slot,
            blocks: self.blocks,
            finalized_slot: self.finalized_slot,
            source: self.source.clone(),
            idls: self.idls,
            tables,
            content,
            seq,
        }
    }
}
