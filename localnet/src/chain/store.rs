//! The chain on disk: one redb file, one transaction per block.
//!
//! A block, its indexes, the accounts that it changed and the actors' state are committed together
//! and synced, so a process killed at any moment continues from its last whole block. The state
//! before each block that is not final yet is kept beside it: reads at any commitment are exact.

use std::path::{Path, PathBuf};

use borsh::{BorshDeserialize, BorshSerialize};
use prost::Message;
use redb::{Database, DatabaseError, ReadTransaction, ReadableDatabase, TableDefinition};
use solana_sdk::account::Account;
use solana_sdk::pubkey::Pubkey;
use yellowstone_grpc_proto::prelude::SubscribeUpdateBlock;

use super::{
    account::{self, Change},
    block::keys_of,
    commitment::FINALIZE_LAG,
    reader::Reader,
};
use crate::error::{LocalnetError, Result};

/// The format that this program writes.
pub(super) const FORMAT: u32 = 1;
/// Pages that redb may cache: the chain's working set is small, its history is read rarely.
const CACHE_BYTES: usize = 8 << 20;

/// Facts about the chain and the actors' state, by name.
pub(super) const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");
/// Slot -> [`Header`].
pub(super) const HEADERS: TableDefinition<u64, &[u8]> = TableDefinition::new("headers");
/// Slot -> zstd of the protobuf block.
pub(super) const BLOCKS: TableDefinition<u64, &[u8]> = TableDefinition::new("blocks");
/// Signature -> slot and index.
pub(super) const SIGNATURES: TableDefinition<&[u8; 64], (u64, u32)> =
    TableDefinition::new("signatures");
/// Address, slot, index (big-endian, so that keys sort by age).
pub(super) const BY_ADDRESS: TableDefinition<&[u8; 44], ()> = TableDefinition::new("by_address");
/// Address -> account after the newest block.
pub(super) const ACCOUNTS: TableDefinition<&[u8; 32], &[u8]> = TableDefinition::new("accounts");
/// Owner, address.
pub(super) const OWNERS: TableDefinition<&[u8; 64], ()> = TableDefinition::new("owners");
/// Slot, address -> account before that slot; no bytes = absent. Only slots that are not final.
pub(super) const UNDO: TableDefinition<(u64, &[u8; 32]), &[u8]> = TableDefinition::new("undo");

/// What identifies a chain for ever.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Genesis {
    /// Format of the file.
    pub format: u32,
    /// Identity of the network.
    pub hash: [u8; 32],
    /// Seed of the actors.
    pub seed: u64,
    /// Unix time of the chain's creation, in seconds.
    pub created: i64,
}

/// A block without its transactions.
#[derive(Debug, Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Header {
    /// Slot of the parent; 0 for the first block.
    pub parent_slot: u64,
    /// Hash of the block.
    pub blockhash: [u8; 32],
    /// Hash of the parent; the genesis hash for the first block.
    pub parent_blockhash: [u8; 32],
    /// Unix time in seconds; never before the parent's.
    pub time: i64,
    /// Number of blocks before this one.
    pub height: u64,
    /// Transactions in it.
    pub transactions: u32,
}

/// Everything that one block adds.
#[derive(Debug)]
pub(super) struct Commit<'a> {
    /// The block's slot.
    pub(super) slot: u64,
    /// Its header.
    pub(super) header: &'a Header,
    /// The block itself.
    pub(super) block: &'a SubscribeUpdateBlock,
    /// Accounts that it changed.
    pub(super) changes: &'a [Change],
    /// The actors' state after it.
    pub(super) driver: &'a [u8],
}

/// The open store.
#[derive(Debug)]
pub(super) struct Store {
    db: Database,
    path: PathBuf,
}

impl Store {
    /// Opens or creates the chain's file in a directory.
    ///
    /// # Errors
    /// When the directory cannot be made, or the file is locked, damaged or of a newer format.
    pub(super) fn open(dir: &Path) -> Result<Self> {
        std::fs::create_dir_all(dir).map_err(|source| LocalnetError::Io {
            path: dir.to_path_buf(),
            source,
        })?;
        let path = dir.join("chain.redb");
        let db = match Database::builder()
            .set_cache_size(CACHE_BYTES)
            .create(&path)
        {
            Ok(db) => db,
            Err(DatabaseError::DatabaseAlreadyOpen) => return Err(LocalnetError::Locked { path }),
            Err(DatabaseError::Storage(redb::StorageError::Io(source))) => {
                return Err(LocalnetError::Io { path, source });
            }
            Err(other) => return Err(other.into()),
        };
        let store = Self { db, path };
        if let Some(genesis) = store.genesis()?
            && genesis.format > FORMAT
        {
            return Err(LocalnetError::NewerFormat {
                path: store.path,
                found: genesis.format,
                known: FORMAT,
            });
        }
        Ok(store)
    }

    /// The chain's identity; `None` in a file that holds no chain yet.
    ///
    /// # Errors
    /// When the store fails or is damaged.
    pub(super) fn genesis(&self) -> Result<Option<Genesis>> {
        let txn = self.db.begin_read()?;
        let table = match txn.open_table(META) {
            Ok(table) => table,
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok(None),
            Err(other) => return Err(other.into()),
        };
        let Some(value) = table.get("genesis")? else {
            return Ok(None);
        };
        Genesis::try_from_slice(value.value())
            .map(Some)
            .map_err(|_| LocalnetError::Damaged("genesis".to_owned()))
    }

    /// Starts a chain: its identity, the accounts that exist before slot 1, the actors' state.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) fn create(
        &self,
        genesis: &Genesis,
        accounts: &[(Pubkey, Account)],
        driver: &[u8],
    ) -> Result<()> {
        let txn = self.db.begin_write()?;
        {
            let mut meta = txn.open_table(META)?;
            let bytes =
                borsh::to_vec(genesis).map_err(|e| LocalnetError::Damaged(e.to_string()))?;
            meta.insert("genesis", bytes.as_slice())?;
            meta.insert("driver", driver)?;
            meta.insert("tip", 0u64.to_le_bytes().as_slice())?;
            let mut table = txn.open_table(ACCOUNTS)?;
            let mut owners = txn.open_table(OWNERS)?;
            for (address, account) in accounts {
                table.insert(&address.to_bytes(), account::encode(account).as_slice())?;
                owners.insert(&owner_key(&account.owner, address), ())?;
            }
            txn.open_table(HEADERS)?;
            txn.open_table(BLOCKS)?;
            txn.open_table(SIGNATURES)?;
            txn.open_table(BY_ADDRESS)?;
            txn.open_table(UNDO)?;
        }
        txn.commit()?;
        Ok(())
    }

    /// Adds a block durably.
    ///
    /// # Errors
    /// When the store fails; nothing of the block is then kept.
    pub(super) fn commit(&self, commit: &Commit<'_>) -> Result<()> {
        let slot = commit.slot;
        let mut txn = self.db.begin_write()?;
        // The allocator state is saved with each block: a start after a kill need not walk the file.
        txn.set_quick_repair(true);
        {
            let mut meta = txn.open_table(META)?;
            meta.insert("tip", slot.to_le_bytes().as_slice())?;
            meta.insert("driver", commit.driver)?;
            let header =
                borsh::to_vec(commit.header).map_err(|e| LocalnetError::Damaged(e.to_string()))?;
            txn.open_table(HEADERS)?.insert(slot, header.as_slice())?;
            let packed =
                zstd::bulk::compress(&commit.block.encode_to_vec(), 1).map_err(|source| {
                    LocalnetError::Io {
                        path: self.path.clone(),
                        source,
                    }
                })?;
            txn.open_table(BLOCKS)?.insert(slot, packed.as_slice())?;

            let mut signatures = txn.open_table(SIGNATURES)?;
            let mut by_address = txn.open_table(BY_ADDRESS)?;
            for (index, transaction) in (0u32..).zip(&commit.block.transactions) {
                if let Ok(signature) = <&[u8; 64]>::try_from(transaction.signature.as_slice()) {
                    signatures.insert(signature, (slot, index))?;
                }
                for key in keys_of(transaction) {
                    by_address.insert(&address_key(&key, slot, index), ())?;
                }
            }

            let mut accounts = txn.open_table(ACCOUNTS)?;
            let mut owners = txn.open_table(OWNERS)?;
            let mut undo = txn.open_table(UNDO)?;
            for Change {
                address,
                before,
                after,
            } in commit.changes
            {
                let key = address.to_bytes();
                let old = before.as_ref().map(account::encode).unwrap_or_default();
                undo.insert((slot, &key), old.as_slice())?;
                match after {
                    Some(account) => {
                        accounts.insert(&key, account::encode(account).as_slice())?;
                    }
                    None => {
                        accounts.remove(&key)?;
                    }
                }
                let (was, is) = (
                    before.as_ref().map(|a| a.owner),
                    after.as_ref().map(|a| a.owner),
                );
                if was != is {
                    if let Some(owner) = was {
                        owners.remove(&owner_key(&owner, address))?;
                    }
                    if let Some(owner) = is {
                        owners.insert(&owner_key(&owner, address), ())?;
                    }
                }
            }
            let settled = slot.saturating_sub(FINALIZE_LAG);
            undo.retain_in((0, &[0; 32])..=(settled, &[0xff; 32]), |_, _| false)?;
        }
        txn.commit()?;
        Ok(())
    }

    /// A consistent view of the newest block and everything before it.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) fn reader(&self) -> Result<Reader> {
        let txn: ReadTransaction = self.db.begin_read()?;
        Reader::new(txn)
    }
}

/// Key of [`OWNERS`].
pub(super) fn owner_key(owner: &Pubkey, address: &Pubkey) -> [u8; 64] {
    let mut key = [0; 64];
    key[..32].copy_from_slice(owner.as_ref());
    key[32..].copy_from_slice(address.as_ref());
    key
}

/// Key of [`BY_ADDRESS`].
pub(super) fn address_key(address: &[u8; 32], slot: u64, index: u32) -> [u8; 44] {
    let mut key = [0; 44];
    key[..32].copy_from_slice(address);
    key[32..40].copy_from_slice(&slot.to_be_bytes());
    key[40..].copy_from_slice(&index.to_be_bytes());
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_format_is_refused_and_named() {
        let dir = tempfile::tempdir().unwrap();
        let genesis = Genesis {
            format: FORMAT + 1,
            hash: [1; 32],
            seed: 1,
            created: 0,
        };
        Store::open(dir.path())
            .unwrap()
            .create(&genesis, &[], &[])
            .unwrap();
        let error = Store::open(dir.path()).unwrap_err();
        assert!(
            matches!(error, LocalnetError::NewerFormat { found, known: FORMAT, .. } if found == FORMAT + 1)
        );
        assert!(
            error.to_string().contains("chain.redb has format 2"),
            "{error}"
        );
    }
}
