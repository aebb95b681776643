//! Scanning alone: what the log and the instructions prove, without rows.

use crate::chain::Block;
use crate::decode::Decoder;
use crate::program::View;
use crate::rows::Rows;
use crate::scan::recycle;

/// What the scan of a block found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ScanStats {
    /// Transactions scanned: all of them.
    pub transactions: u32,
    /// Records of configured programs, doubtful ones included.
    pub records: u32,
    /// Transactions whose log was cut.
    pub truncated: u32,
    /// Transactions whose log and instructions do not agree.
    pub mismatched: u32,
}

impl Decoder {
    /// Scans every transaction of the block as [`Decoder::decode_block`] does, and writes nothing: `rows` only lends
    /// its buffers.
    pub fn scan_block(&self, block: &Block, rows: &mut Rows) -> ScanStats {
        let mut stats = ScanStats::default();
        let view = View {
            programs: self.catalogue(),
            at: block.slot,
            wants_all: false,
        };
        let mut nodes = recycle(std::mem::take(&mut rows.nodes));
        for tx in &block.transactions {
            let flags = rows.scanner.scan(tx, &view, &mut nodes);
            stats.transactions += 1;
            stats.records += u32::try_from(rows.scanner.found.len()).unwrap_or(u32::MAX);
            stats.truncated += u32::from(flags.truncated);
            stats.mismatched += u32::from(flags.mismatch);
        }
        rows.nodes = recycle(nodes);
        stats
    }
}
