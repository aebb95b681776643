//! Which slots are proven, and in which order they leave. Pure: no I/O, no clock; the same inputs give the same outputs.
//!
//! Open → Complete → Confirmed (itself or by a confirmed descendant) → Finalized | Dead | Skipped (proven by a child's
//! parent link). Slots leave in parent order only; a gap in the parent chain stops them until it is filled or given up.
//! What has left is withdrawn when its slot dies, or when a final chain leads past it.

mod chain;
mod content;
mod machine;
mod open;
mod pool;
mod stats;
#[cfg(test)]
mod tests;

pub use machine::SlotMachine;
pub use stats::{Limits, Stats};

use hypernode_decoder::chain::{Block, Transaction};

/// What a source says.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Input {
    /// One transaction of a slot.
    Transaction {
        /// Its slot.
        slot: u64,
        /// The transaction.
        transaction: Box<Transaction>,
    },
    /// A whole block in one message: proof by itself that its transactions are complete.
    Block(Box<Block>),
    /// What closes a slot whose transactions came one by one. It may overtake them.
    Meta(BlockMeta),
    /// A step in a slot's life.
    Status {
        /// The slot.
        slot: u64,
        /// Its parent, when the message names it (a second message without must not erase it).
        parent: Option<u64>,
        /// The step.
        status: SlotStatus,
    },
    /// A source that knows the final chain names the block of a slot: it decides between rivals, and withdraws what has
    /// left if it was another.
    Verdict {
        /// The slot.
        slot: u64,
        /// Its block.
        blockhash: [u8; 32],
    },
    /// The operator gives up the slots `from..=to`: what follows may attach to any of them.
    GiveUp {
        /// First one.
        from: u64,
        /// Last one.
        to: u64,
    },
}

/// A block without its transactions.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct BlockMeta {
    /// Slot.
    pub slot: u64,
    /// Slot of the parent.
    pub parent_slot: u64,
    /// Hash.
    pub blockhash: [u8; 32],
    /// Hash of the parent.
    pub parent_blockhash: [u8; 32],
    /// Seconds since the epoch.
    pub block_time: Option<i64>,
    /// Height.
    pub block_height: Option<u64>,
    /// Transactions that the validator executed, votes included.
    pub executed_transaction_count: u64,
}

/// Steps that matter; the rest of the protocol's statuses belong to no bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SlotStatus {
    /// A bank exists.
    Created,
    /// Executed by the node.
    Processed,
    /// Voted for by a supermajority.
    Confirmed,
    /// Rooted.
    Finalized,
    /// Will never be part of the chain.
    Dead,
}

/// What follows from it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Output {
    /// The next block of the chain, confirmed and complete.
    Publish(Box<Block>),
    /// Slots `from..=to` hold no block: the next block's parent link jumps over them. Comes before that block.
    Skipped {
        /// First one.
        from: u64,
        /// Last one.
        to: u64,
    },
    /// Every published block up to this slot is final. Never falls.
    Finalized(u64),
    /// A slot died before it left.
    Dead {
        /// The slot.
        slot: u64,
    },
    /// Every block that has left from slot `from` on is of a chain that is no more. What leaves next follows `head`.
    Retract {
        /// First slot withdrawn.
        from: u64,
        /// The last block that stays.
        head: Head,
    },
    /// The slots `from..=to` were given up by the operator.
    Missing {
        /// First one.
        from: u64,
        /// Last one.
        to: u64,
    },
    /// Blocks strictly between the two slots are missing; nothing after them leaves. Reported once per stop.
    Gap(Gap),
    /// Two contents claim one place in the chain; neither leaves (or the first has left) until a proof decides.
    Equivocation {
        /// The slot.
        slot: u64,
        /// It had left before.
        published: bool,
    },
    /// A final slot contradicts what has left and was final too, or is older than what is remembered: no rule can mend it.
    Contradiction {
        /// The slot.
        slot: u64,
    },
}

/// A hole in the parent chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Gap {
    /// The last published slot.
    pub after: u64,
    /// The first slot that is at hand beyond the hole.
    pub before: u64,
}

/// The last block that has left: what the next one must link to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Head {
    /// Slot.
    pub slot: u64,
    /// Hash; `None` where it is not known, then only the slot link is checked.
    pub blockhash: Option<[u8; 32]>,
}

/// A block that has left, by its links: what is remembered of it, and what a new machine is told of the stored ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Link {
    /// Slot.
    pub slot: u64,
    /// Hash.
    pub blockhash: [u8; 32],
    /// Slot of the parent.
    pub parent_slot: u64,
    /// Hash of the parent.
    pub parent_blockhash: [u8; 32],
}
