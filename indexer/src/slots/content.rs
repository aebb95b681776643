//! What a source says a slot holds: a whole block, or the meta that closes single transactions.

use hypernode_decoder::chain::{Block, Transaction};

use super::open::Added;
use super::{BlockMeta, Link};

/// One claim to a slot's place in the chain.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Content {
    Meta(BlockMeta),
    Block(Box<Block>),
}

impl Content {
    pub(super) fn link(&self) -> Link {
        match self {
            Self::Meta(meta) => Link {
                slot: meta.slot,
                blockhash: meta.blockhash,
                parent_slot: meta.parent_slot,
                parent_blockhash: meta.parent_blockhash,
            },
            Self::Block(block) => Link {
                slot: block.slot,
                blockhash: block.blockhash,
                parent_slot: block.parent_slot,
                parent_blockhash: block.parent_blockhash,
            },
        }
    }

    /// Transactions that it holds itself.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Meta(_) => 0,
            Self::Block(block) => block.transactions.len(),
        }
    }
}

/// Highest position in a block that is believed; beyond it a message is refused as malformed. Blocks of today hold a few
/// thousand transactions.
const MAX_INDEX: u32 = 1 << 20;

/// Single transactions of one slot, in order of arrival.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Loose {
    // Boxed as they came: they are moved into a block once, if at all.
    #[allow(clippy::vec_box, reason = "a box moves 8 bytes, a transaction 200")]
    transactions: Vec<Box<Transaction>>,
    /// One bit for each position that is taken.
    taken: Vec<u64>,
    /// Two transactions claim one position.
    torn: bool,
}

impl Loose {
    pub(super) fn len(&self) -> usize {
        self.transactions.len()
    }

    pub(super) fn torn(&self) -> bool {
        self.torn
    }

    pub(super) fn add(&mut self, transaction: Box<Transaction>) -> Added {
        let index = transaction.index;
        if index >= MAX_INDEX {
            return Added::Refused;
        }
        let (word, bit) = ((index / 64) as usize, 1_u64 << (index % 64));
        if word >= self.taken.len() {
            self.taken.resize(word + 1, 0);
        }
        let Some(taken) = self.taken.get_mut(word) else {
            return Added::Refused;
        };
        if *taken & bit == 0 {
            *taken |= bit;
            self.transactions.push(transaction);
            return Added::New;
        }
        let same = self
            .transactions
            .iter()
            .any(|known| known.index == index && known.signature == transaction.signature);
        if same {
            return Added::Duplicate;
        }
        self.torn = true;
        Added::Conflict
    }

    /// From now on only a whole block closes the slot.
    pub(super) fn tear(&mut self) {
        self.torn = true;
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// By position in the block: order of arrival means nothing.
    pub(super) fn into_sorted(mut self) -> Vec<Transaction> {
        self.transactions
            .sort_unstable_by_key(|transaction| transaction.index);
        self.transactions.into_iter().map(|boxed| *boxed).collect()
    }
}
