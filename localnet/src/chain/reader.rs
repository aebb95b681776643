//! Reads: one consistent view of the stored chain.

use std::collections::BTreeMap;

use borsh::BorshDeserialize;
use prost::Message;
use redb::ReadTransaction;
use solana_sdk::account::Account;
use solana_sdk::pubkey::Pubkey;
use yellowstone_grpc_proto::prelude::SubscribeUpdateBlock;

use super::{
    account,
    commitment::{Commitment, Tip},
    store::{
        ACCOUNTS, BLOCKS, BY_ADDRESS, HEADERS, Header, META, OWNERS, SIGNATURES, UNDO, address_key,
        owner_key,
    },
};
use crate::error::{LocalnetError, Result};

/// Where a transaction stands in the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Slot of its block.
    pub slot: u64,
    /// Place in the block.
    pub index: u32,
}

/// A view of the chain as of one block; later blocks do not show in it.
#[derive(Debug)]
pub struct Reader {
    txn: ReadTransaction,
    tip: Tip,
}

impl Reader {
    pub(super) fn new(txn: ReadTransaction) -> Result<Self> {
        let tip = match txn.open_table(META)?.get("tip")? {
            Some(value) => value.value().try_into().map(u64::from_le_bytes),
            None => Ok(0),
        };
        let tip = tip.map_err(|_| LocalnetError::Damaged("tip".to_owned()))?;
        Ok(Self { txn, tip: Tip(tip) })
    }

    /// The newest block of this view.
    pub fn tip(&self) -> Tip {
        self.tip
    }

    /// The actors' state after the newest block.
    ///
    /// # Errors
    /// When the store fails.
    pub fn driver(&self) -> Result<Vec<u8>> {
        Ok(self
            .txn
            .open_table(META)?
            .get("driver")?
            .map(|v| v.value().to_vec())
            .unwrap_or_default())
    }

    /// A block's header; `None` for a slot without a block.
    ///
    /// # Errors
    /// When the store fails or is damaged.
    pub fn header(&self, slot: u64) -> Result<Option<Header>> {
        let table = self.txn.open_table(HEADERS)?;
        let Some(value) = table.get(slot)? else {
            return Ok(None);
        };
        Header::try_from_slice(value.value())
            .map(Some)
            .map_err(|_| LocalnetError::Damaged(format!("header of slot {slot}")))
    }

    /// Slots with blocks in a range, ascending, at most `limit`.
    ///
    /// # Errors
    /// When the store fails.
    pub fn slots(&self, from: u64, to: u64, limit: usize) -> Result<Vec<u64>> {
        if from > to {
            return Ok(Vec::new());
        }
        let table = self.txn.open_table(HEADERS)?;
        let slots = table.range(from..=to)?.take(limit);
        slots.map(|entry| Ok(entry?.0.value())).collect()
    }

    /// The newest slots with blocks up to `max_slot`, descending, at most `limit`.
    ///
    /// # Errors
    /// When the store fails.
    pub fn newest(&self, max_slot: u64, limit: usize) -> Result<Vec<u64>> {
        let table = self.txn.open_table(HEADERS)?;
        let slots = table.range(..=max_slot)?.rev().take(limit);
        slots.map(|entry| Ok(entry?.0.value())).collect()
    }

    /// The newest slot with a block at a level; 0 when none has reached it.
    ///
    /// # Errors
    /// When the store fails.
    pub fn at(&self, level: Commitment) -> Result<u64> {
        let newest = self.newest(self.tip.at(level), 1)?;
        Ok(newest.first().copied().unwrap_or(0))
    }

    /// A whole block; `None` for a slot without one.
    ///
    /// # Errors
    /// When the store fails or is damaged.
    pub fn block(&self, slot: u64) -> Result<Option<SubscribeUpdateBlock>> {
        let table = self.txn.open_table(BLOCKS)?;
        let Some(value) = table.get(slot)? else {
            return Ok(None);
        };
        let damaged = || LocalnetError::Damaged(format!("block of slot {slot}"));
        let bytes = zstd::stream::decode_all(value.value()).map_err(|_| damaged())?;
        SubscribeUpdateBlock::decode(bytes.as_slice())
            .map(Some)
            .map_err(|_| damaged())
    }

    /// Where a transaction was executed.
    ///
    /// # Errors
    /// When the store fails.
    pub fn position(&self, signature: &[u8; 64]) -> Result<Option<Position>> {
        let table = self.txn.open_table(SIGNATURES)?;
        Ok(table.get(signature)?.map(|v| {
            let (slot, index) = v.value();
            Position { slot, index }
        }))
    }

    /// Transactions that name an address, newest first: those before `before` and after `until`,
    /// both exclusive, in slots up to `max_slot`.
    ///
    /// # Errors
    /// When the store fails.
    pub fn by_address(
        &self,
        address: &[u8; 32],
        max_slot: u64,
        before: Option<Position>,
        until: Option<Position>,
        limit: usize,
    ) -> Result<Vec<Position>> {
        let low = match until {
            Some(p) => next_key(address, p),
            None => address_key(address, 0, 0),
        };
        let high = match before {
            Some(p) if p.slot <= max_slot => address_key(address, p.slot, p.index),
            _ => address_key(address, max_slot.saturating_add(1), 0),
        };
        if low >= high {
            return Ok(Vec::new());
        }
        let table = self.txn.open_table(BY_ADDRESS)?;
        let keys = table.range::<&[u8; 44]>(&low..&high)?.rev().take(limit);
        keys.map(|entry| {
            let entry = entry?;
            let key = entry.0.value();
            let slot = key[32..]
                .first_chunk()
                .copied()
                .map_or(0, u64::from_be_bytes);
            let index = key.last_chunk().copied().map_or(0, u32::from_be_bytes);
            Ok(Position { slot, index })
        })
        .collect()
    }

    /// An account at a commitment level. Accounts that no block and no genesis wrote (the runtime's
    /// own programs) are not in the store.
    ///
    /// # Errors
    /// When the store fails.
    pub fn account(&self, address: &Pubkey, level: Commitment) -> Result<Option<Account>> {
        let key = address.to_bytes();
        let undo = self.txn.open_table(UNDO)?;
        for slot in self.tip.at(level) + 1..=self.tip.0 {
            if let Some(before) = undo.get((slot, &key))? {
                return Ok(account::decode(before.value()));
            }
        }
        let accounts = self.txn.open_table(ACCOUNTS)?;
        Ok(accounts.get(&key)?.and_then(|v| account::decode(v.value())))
    }

    /// All accounts of an owner at a commitment level, by address.
    ///
    /// # Errors
    /// When the store fails.
    pub fn owned(&self, owner: &Pubkey, level: Commitment) -> Result<BTreeMap<Pubkey, Account>> {
        let mut found = BTreeMap::new();
        let accounts = self.txn.open_table(ACCOUNTS)?;
        let owners = self.txn.open_table(OWNERS)?;
        let low = owner_key(owner, &Pubkey::new_from_array([0; 32]));
        let high = owner_key(owner, &Pubkey::new_from_array([0xff; 32]));
        for entry in owners.range::<&[u8; 64]>(&low..=&high)? {
            let entry = entry?;
            let Some(key) = entry.0.value().last_chunk::<32>() else {
                continue;
            };
            if let Some(value) = accounts.get(key)?
                && let Some(account) = account::decode(value.value())
            {
                found.insert(Pubkey::new_from_array(*key), account);
            }
        }
        // Newest first, so that the oldest state before the level's slot is the one that stays.
        let undo = self.txn.open_table(UNDO)?;
        let first = self.tip.at(level) + 1;
        for entry in undo
            .range((first, &[0; 32])..=(self.tip.0, &[0xff; 32]))?
            .rev()
        {
            let (key, before) = entry?;
            let address = Pubkey::new_from_array(*key.value().1);
            match account::decode(before.value()) {
                Some(account) if account.owner == *owner => found.insert(address, account),
                _ => found.remove(&address),
            };
        }
        Ok(found)
    }
}

/// The first key after a position.
fn next_key(address: &[u8; 32], position: Position) -> [u8; 44] {
    match position.index.checked_add(1) {
        Some(index) => address_key(address, position.slot, index),
        None => address_key(address, position.slot.saturating_add(1), 0),
    }
}
