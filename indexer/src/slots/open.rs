//! A slot that has not left yet.

use hypernode_decoder::chain::{Block, Proof, Transaction};

use super::content::{Content, Loose};
use super::{BlockMeta, Link};

/// Claims to one slot that are kept at most.
const MAX_RIVALS: usize = 4;

/// How sure it is that a slot is part of the chain.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Level {
    #[default]
    Seen,
    Confirmed,
    Final,
}

/// What is known of one slot.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct OpenSlot {
    loose: Loose,
    /// What claims this slot, by different hashes. More than one: held until one of them is named.
    contents: Vec<Content>,
    /// The hash that a verdict has named.
    decided: Option<[u8; 32]>,
    /// The hash that a confirmed child names.
    child_names: Option<[u8; 32]>,
    status_parent: Option<u64>,
    pub(super) level: Level,
    /// It names another hash for its parent than the parent that has left: held.
    pub(super) unlinked: bool,
    /// The parent under which it waits, once it is ready.
    pub(super) waits_for: Option<u64>,
}

/// What adding a piece did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Added {
    New,
    Duplicate,
    /// It contradicts what was there; the slot is held from now on.
    Conflict,
    /// It cannot be true, or a proof has decided against it.
    Refused,
}

impl OpenSlot {
    pub(super) fn add_transaction(&mut self, transaction: Box<Transaction>) -> Added {
        if self.has_block() {
            // The block is whole: a single message is either in it or was not asked for.
            return Added::Duplicate;
        }
        self.loose.add(transaction)
    }

    pub(super) fn add_meta(&mut self, meta: BlockMeta) -> Added {
        self.add(Content::Meta(meta))
    }

    pub(super) fn add_block(&mut self, mut block: Box<Block>) -> Added {
        if !block.transactions.is_sorted_by_key(|one| one.index) {
            block.transactions.sort_by_key(|one| one.index);
        }
        let added = self.add(Content::Block(block));
        if added == Added::New {
            self.loose.clear();
        }
        added
    }

    fn add(&mut self, content: Content) -> Added {
        let hash = content.link().blockhash;
        if self.decided.is_some_and(|decided| decided != hash) {
            return Added::Refused;
        }
        if let Some(known) = self
            .contents
            .iter_mut()
            .find(|known| known.link().blockhash == hash)
        {
            if matches!((&*known, &content), (Content::Meta(_), Content::Block(_))) {
                *known = content;
                return Added::New;
            }
            return Added::Duplicate;
        }
        if !self.contents.is_empty() {
            // Nobody knows which of the rivals the single transactions are of.
            self.loose.tear();
        }
        if self.contents.len() < MAX_RIVALS || self.named() == Some(hash) {
            self.contents.push(content);
        }
        let settled = self
            .named()
            .map_or(self.contents.len() == 1, |named| named == hash);
        if settled { Added::New } else { Added::Conflict }
    }

    /// A source that knows names the hash of this slot's block: no other is listened to from now on.
    pub(super) fn decide(&mut self, hash: [u8; 32]) {
        self.decided = Some(hash);
        self.contents
            .retain(|content| content.link().blockhash == hash);
    }

    /// A confirmed child names the hash: no other content leaves unless it is decided otherwise. `true`: that is news.
    pub(super) fn hear_child(&mut self, hash: [u8; 32]) -> bool {
        self.child_names.replace(hash) != Some(hash)
    }

    fn named(&self) -> Option<[u8; 32]> {
        self.decided.or(self.child_names)
    }

    /// A message without a parent never erases one.
    pub(super) fn add_parent(&mut self, parent: Option<u64>) {
        self.status_parent = self.status_parent.or(parent);
    }

    /// The content that is named, or the only one.
    fn content(&self) -> Option<&Content> {
        let named = self.named();
        match self.contents.as_slice() {
            [one] if named.is_none() => Some(one),
            some => some
                .iter()
                .find(|content| Some(content.link().blockhash) == named),
        }
    }

    pub(super) fn link(&self) -> Option<Link> {
        self.content().map(Content::link)
    }

    pub(super) fn parent(&self) -> Option<u64> {
        let content = self.content().or_else(|| self.contents.first());
        content.map_or(self.status_parent, |content| {
            Some(content.link().parent_slot)
        })
    }

    fn has_block(&self) -> bool {
        self.contents
            .iter()
            .any(|content| matches!(content, Content::Block(_)))
    }

    pub(super) fn has_meta(&self) -> bool {
        !self.contents.is_empty()
    }

    /// Why the content may be believed complete, if it may. `whole`: the source sends whole blocks, so that a slot
    /// without its block is not complete, however many single messages there are.
    fn proof(&self, whole: bool) -> Option<Proof> {
        let meta = match self.content()? {
            Content::Block(block) => return Some(block.proof),
            Content::Meta(_) if self.loose.torn() => return None,
            Content::Meta(meta) => meta,
        };
        let received = self.loose.len() as u64;
        if received == meta.executed_transaction_count {
            Some(Proof::Count)
        } else if received < meta.executed_transaction_count
            && self.level >= Level::Confirmed
            && !whole
        {
            // A filtered stream never reaches the count; meta and confirmation together close it, without proof.
            Some(Proof::None)
        } else {
            None
        }
    }

    /// Confirmed, complete and undisputed: may leave as soon as its parent has.
    pub(super) fn ready(&self, whole: bool) -> bool {
        self.level >= Level::Confirmed && !self.unlinked && self.proof(whole).is_some()
    }

    /// Single transactions held, to count those of slots that never became a block.
    pub(super) fn loose_transactions(&self) -> u64 {
        self.loose.len() as u64
    }

    /// What it costs to keep: its transactions, and itself.
    pub(super) fn weight(&self) -> usize {
        let held: usize = self.contents.iter().map(Content::weight).sum();
        1 + self.loose.len() + held
    }

    /// The block, if the slot is complete.
    pub(super) fn into_block(mut self, whole: bool) -> Option<Block> {
        let proof = self.proof(whole)?;
        let hash = self.link()?.blockhash;
        self.contents
            .retain(|content| content.link().blockhash == hash);
        let meta = match self.contents.pop()? {
            Content::Block(block) => return Some(*block),
            Content::Meta(meta) => meta,
        };
        Some(Block {
            slot: meta.slot,
            parent_slot: meta.parent_slot,
            blockhash: meta.blockhash,
            parent_blockhash: meta.parent_blockhash,
            block_time: meta.block_time,
            block_height: meta.block_height,
            executed_transaction_count: meta.executed_transaction_count,
            proof,
            transactions: self.loose.into_sorted(),
        })
    }
}
