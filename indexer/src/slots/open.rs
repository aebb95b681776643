//! A slot that has not left yet.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use hypernode_decoder::chain::{Block, Proof, Transaction};

use super::BlockMeta;

/// What is known of one slot.
#[derive(Debug, Default)]
pub(super) struct OpenSlot {
    /// By position in the block: order of arrival means nothing.
    transactions: BTreeMap<u32, Transaction>,
    meta: Option<BlockMeta>,
    /// The atomic message; it replaces the single transactions.
    block: Option<Block>,
    status_parent: Option<u64>,
    pub(super) confirmed: bool,
    /// Two blocks claim this slot: nothing leaves until it dies.
    pub(super) held: bool,
    /// Single transactions contradict each other: only a whole block can decide.
    torn: bool,
}

/// What adding a piece did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Added {
    New,
    Duplicate,
    /// It contradicts what was there; the slot is held from now on.
    Conflict,
}

impl OpenSlot {
    pub(super) fn add_transaction(&mut self, transaction: Transaction) -> Added {
        if self.block.is_some() {
            // The block is whole: a single message is either in it or was not asked for.
            return Added::Duplicate;
        }
        match self.transactions.entry(transaction.index) {
            Entry::Vacant(place) => {
                place.insert(transaction);
                Added::New
            }
            Entry::Occupied(place) if place.get().signature == transaction.signature => {
                Added::Duplicate
            }
            Entry::Occupied(_) => {
                self.torn = true;
                Added::Conflict
            }
        }
    }

    pub(super) fn add_meta(&mut self, meta: BlockMeta) -> Added {
        if let Some(known) = self.blockhash() {
            if known == meta.blockhash {
                return Added::Duplicate;
            }
            self.held = true;
            return Added::Conflict;
        }
        self.meta = Some(meta);
        Added::New
    }

    pub(super) fn add_block(&mut self, mut block: Block) -> Added {
        if let Some(known) = self.blockhash()
            && known != block.blockhash
        {
            self.held = true;
            return Added::Conflict;
        }
        if self.block.is_some() {
            return Added::Duplicate;
        }
        block
            .transactions
            .sort_by_key(|transaction| transaction.index);
        self.transactions.clear();
        self.torn = false;
        self.block = Some(block);
        Added::New
    }

    /// A message without a parent never erases one.
    pub(super) fn add_parent(&mut self, parent: Option<u64>) {
        self.status_parent = self.status_parent.or(parent);
    }

    pub(super) fn parent(&self) -> Option<u64> {
        match (&self.block, &self.meta) {
            (Some(block), _) => Some(block.parent_slot),
            (None, Some(meta)) => Some(meta.parent_slot),
            (None, None) => self.status_parent,
        }
    }

    pub(super) fn parent_blockhash(&self) -> Option<[u8; 32]> {
        match (&self.block, &self.meta) {
            (Some(block), _) => Some(block.parent_blockhash),
            (None, meta) => meta.as_ref().map(|meta| meta.parent_blockhash),
        }
    }

    fn blockhash(&self) -> Option<[u8; 32]> {
        match (&self.block, &self.meta) {
            (Some(block), _) => Some(block.blockhash),
            (None, meta) => meta.as_ref().map(|meta| meta.blockhash),
        }
    }

    /// Why the content may be believed complete, if it may. `whole`: the source sends whole blocks, so that a slot
    /// without its block is not complete, however many single messages there are.
    pub(super) fn proof(&self, whole: bool) -> Option<Proof> {
        if self.held {
            return None;
        }
        if let Some(block) = &self.block {
            return Some(block.proof);
        }
        if self.torn {
            return None;
        }
        let meta = self.meta.as_ref()?;
        let received = self.transactions.len() as u64;
        if received == meta.executed_transaction_count {
            Some(Proof::Count)
        } else if received < meta.executed_transaction_count && self.confirmed && !whole {
            // A filtered stream never reaches the count; meta and confirmation together close it, without proof.
            Some(Proof::None)
        } else {
            None
        }
    }

    /// Confirmed and complete: may leave as soon as its parent has.
    pub(super) fn ready(&self, whole: bool) -> bool {
        self.confirmed && self.proof(whole).is_some()
    }

    /// Single transactions held, to count those of slots that never became a block.
    pub(super) fn loose_transactions(&self) -> u64 {
        self.transactions.len() as u64
    }

    /// What it costs to keep: its transactions, and itself.
    pub(super) fn weight(&self) -> usize {
        1 + self.transactions.len()
            + self
                .block
                .as_ref()
                .map_or(0, |block| block.transactions.len())
    }

    /// The block, if the slot is complete.
    pub(super) fn into_block(self, whole: bool) -> Option<Block> {
        let proof = self.proof(whole)?;
        if let Some(block) = self.block {
            return Some(block);
        }
        let meta = self.meta?;
        Some(Block {
            slot: meta.slot,
            parent_slot: meta.parent_slot,
            blockhash: meta.blockhash,
            parent_blockhash: meta.parent_blockhash,
            block_time: meta.block_time,
            block_height: meta.block_height,
            executed_transaction_count: meta.executed_transaction_count,
            proof,
            transactions: self.transactions.into_values().collect(),
        })
    }
}
