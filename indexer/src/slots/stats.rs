//! How much the machine keeps, and what it counts.

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Limits {
    /// Open slots. Beyond it the highest slots are forgotten: they are the ones that a replay can still deliver.
    pub open_slots: usize,
    /// Transactions in open slots; beyond it likewise. One slot is always kept.
    pub open_transactions: usize,
    /// Ready blocks that may wait behind a missing one before it is called a gap (messages may be late).
    pub gap_patience: usize,
    /// Blocks that have left whose links are remembered: how far back a duplicate is told from an equivocation, and a
    /// retraction reaches.
    pub remembered: usize,
    /// The source sends whole blocks: meta and confirmation alone close no slot. Found out by itself with the first
    /// whole block.
    pub whole_blocks: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            open_slots: 4_096,
            open_transactions: 200_000,
            gap_patience: 8,
            remembered: 512,
            whole_blocks: false,
        }
    }
}

/// Counters, since the machine was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Stats {
    /// Highest slot of any transaction, block, meta or status.
    pub seen: u64,
    /// Highest slot confirmed by itself or by a descendant.
    pub confirmed: u64,
    /// Blocks published.
    pub published: u64,
    /// Pieces that were there already.
    pub duplicates: u64,
    /// Pieces of slots that had left or been skipped, and were not known to be duplicates.
    pub late: u64,
    /// Contradictory pieces.
    pub conflicts: u64,
    /// Open slots forgotten because of the [`Limits`].
    pub evicted: u64,
    /// Transactions of slots that never became a block.
    pub ghosts: u64,
    /// Dead slots.
    pub dead: u64,
    /// Slots proven empty.
    pub skipped: u64,
    /// Blocks withdrawn after they had left.
    pub retracted: u64,
    /// Slots given up by the operator.
    pub missing: u64,
    /// Times that a block was about to leave against I-01 or I-02, and was not let. Always 0.
    pub violations: u64,
}
