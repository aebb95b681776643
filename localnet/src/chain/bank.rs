//! The bank: the VM's accounts as of the block in production, and what that block has changed so far.
//!
//! Accounts are loaded from the store when a transaction names them and dropped when nothing has named
//! them for long, so memory does not grow with the chain.

use std::collections::HashMap;

use solana_sdk::{
    account::Account,
    message::VersionedMessage,
    pubkey::Pubkey,
    transaction::{TransactionError, VersionedTransaction},
};
use yellowstone_grpc_proto::prelude::{self as proto, TokenBalance};

use super::{account::Change, commitment::Commitment, reader::Reader, tokens};
use crate::{
    error::{LocalnetError, Result},
    svm::{Simulated, Vm},
};

/// Accounts from the store that the VM may hold between blocks.
const RESIDENT_LIMIT: usize = 4096;
/// Bytes before the addresses in a lookup table account.
const LOOKUP_TABLE_META: usize = 56;

/// The VM with the accounts that it needs at the moment.
#[derive(Debug)]
pub(super) struct Bank {
    vm: Vm,
    /// Accounts that the store owns (not the runtime's own), with the slot that last named them.
    resident: HashMap<Pubkey, u64>,
    /// State before the block in production of every account that it changed.
    before: HashMap<Pubkey, Option<Account>>,
    /// The same of the blocks before it that the store does not hold: those of a branch.
    branch: HashMap<Pubkey, Option<Account>>,
    slot: u64,
}

/// An executed transaction with everything that its block metadata tells.
#[derive(Debug)]
pub(super) struct Executed {
    /// The VM's account of it.
    pub(super) run: crate::svm::Executed,
    pre_tokens: Vec<TokenBalance>,
    post_tokens: Vec<TokenBalance>,
}

impl Bank {
    /// A bank without any account but the runtime's.
    ///
    /// # Errors
    /// When a program does not load.
    pub(super) fn new() -> Result<Self> {
        let vm = Vm::new().map_err(|e| LocalnetError::Svm {
            what: "the programs".to_owned(),
            reason: e.to_string(),
        })?;
        Ok(Self {
            vm,
            resident: HashMap::new(),
            before: HashMap::new(),
            branch: HashMap::new(),
            slot: 0,
        })
    }

    /// Ends a block that the store will not hold; the next one of its branch follows.
    pub(super) fn keep_beside(&mut self) {
        for (address, before) in self.before.drain() {
            // The oldest state is the store's.
            self.branch.entry(address).or_insert(before);
        }
    }

    /// Undoes everything since the last stored block.
    ///
    /// # Errors
    /// When the runtime refuses an account that it gave.
    pub(super) fn roll_back(&mut self) -> Result<()> {
        self.keep_beside();
        for (address, before) in std::mem::take(&mut self.branch) {
            if before.is_none() {
                self.resident.remove(&address);
            }
            self.set(address, before.unwrap_or_default())?;
        }
        Ok(())
    }

    /// Begins a block: clock and recent blockhashes (newest first) as programs see them.
    ///
    /// # Errors
    /// When the runtime refuses the sysvars.
    pub(super) fn begin(&mut self, slot: u64, time: i64, recent: &[(u64, [u8; 32])]) -> Result<()> {
        self.slot = slot;
        self.vm.set_clock(slot, time);
        let (address, account) = slot_hashes(recent);
        self.set(address, account)
    }

    /// An account as the block in production sees it, loaded from the store where needed.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) fn account(&mut self, address: &Pubkey, store: &Reader) -> Result<Option<Account>> {
        if let Some(account) = self.vm.account(address) {
            self.touch(address);
            return Ok(Some(account));
        }
        // An account that this block closed is still in the store.
        if self.before.contains_key(address) || self.branch.contains_key(address) {
            return Ok(None);
        }
        let Some(account) = store.account(address, Commitment::Processed)? else {
            return Ok(None);
        };
        self.set(*address, account.clone())?;
        self.resident.insert(*address, self.slot);
        Ok(Some(account))
    }

    /// An account of the runtime itself (programs, sysvars), which the store does not hold.
    pub(super) fn runtime_account(&self, address: &Pubkey) -> Option<Account> {
        if self.resident.contains_key(address) {
            return None;
        }
        self.vm.account(address)
    }

    /// Executes a transaction. The outer error is the store's; the inner one means that the transaction
    /// may not enter a block, and nothing changed.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) fn execute(
        &mut self,
        transaction: &VersionedTransaction,
        store: &Reader,
    ) -> Result<Result<Executed, TransactionError>> {
        let keys = match self.load(&transaction.message, store)? {
            Ok(keys) => keys,
            Err(refused) => return Ok(Err(refused)),
        };
        let before: Vec<Option<Account>> = keys.iter().map(|key| self.vm.account(key)).collect();
        let run = match self.vm.execute(transaction) {
            Ok(run) => run,
            Err(refused) => return Ok(Err(refused)),
        };
        let after: Vec<Option<Account>> = keys.iter().map(|key| self.vm.account(key)).collect();
        let pre_tokens = tokens::balances(self, &before, store)?;
        let post_tokens = tokens::balances(self, &after, store)?;
        for ((key, before), after) in keys.iter().zip(before).zip(after) {
            if before != after {
                self.resident.insert(*key, self.slot);
                self.before.entry(*key).or_insert(before);
            }
        }
        Ok(Ok(Executed {
            run,
            pre_tokens,
            post_tokens,
        }))
    }

    /// What a transaction would do now.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) fn simulate(
        &mut self,
        transaction: &VersionedTransaction,
        store: &Reader,
    ) -> Result<Simulated> {
        let refused = |err| Simulated {
            err: Some(err),
            logs: Vec::new(),
            compute_units: 0,
            return_data: None,
            accounts: Vec::new(),
        };
        Ok(match self.load(&transaction.message, store)? {
            Ok(_) => self.vm.simulate(transaction),
            Err(err) => refused(err),
        })
    }

    /// Everything that the block in production changed, by address.
    pub(super) fn changes(&self) -> Vec<Change> {
        let mut changes: Vec<Change> = self
            .before
            .iter()
            .map(|(address, before)| Change {
                address: *address,
                before: before.clone(),
                after: self.vm.account(address),
            })
            .filter(|change| change.before != change.after)
            .collect();
        changes.sort_unstable_by_key(|change| change.address);
        changes
    }

    /// Ends the block, once it is stored: drops the accounts that were not named for longest.
    ///
    /// # Errors
    /// When the runtime refuses to drop one.
    pub(super) fn end(&mut self) -> Result<()> {
        self.before.clear();
        if self.resident.len() <= RESIDENT_LIMIT {
            return Ok(());
        }
        let mut ages: Vec<u64> = self.resident.values().copied().collect();
        ages.sort_unstable();
        // Half at a time, so that this is rare.
        let cut = ages.get(ages.len() / 2).copied().unwrap_or(0);
        let old: Vec<Pubkey> = self
            .resident
            .iter()
            .filter(|(_, age)| **age <= cut)
            .map(|(a, _)| *a)
            .collect();
        for address in old {
            self.set(address, Account::default())?;
            self.resident.remove(&address);
        }
        Ok(())
    }

    /// Loads what a message names and resolves its keys: static, writable, read-only.
    fn load(
        &mut self,
        message: &VersionedMessage,
        store: &Reader,
    ) -> Result<Result<Vec<Pubkey>, TransactionError>> {
        if matches!(message, VersionedMessage::V1(_)) {
            return Ok(Err(TransactionError::UnsupportedVersion));
        }
        let mut keys = message.static_account_keys().to_vec();
        let mut readonly = Vec::new();
        for lookup in message.address_table_lookups().unwrap_or_default() {
            let Some(table) = self.account(&lookup.account_key, store)? else {
                return Ok(Err(TransactionError::AddressLookupTableNotFound));
            };
            let address = |index: &u8| {
                let at = LOOKUP_TABLE_META + usize::from(*index) * 32;
                table
                    .data
                    .get(at..)?
                    .first_chunk::<32>()
                    .copied()
                    .map(Pubkey::new_from_array)
            };
            for (indexes, keys) in [
                (&lookup.writable_indexes, &mut keys),
                (&lookup.readonly_indexes, &mut readonly),
            ] {
                for index in indexes {
                    let Some(key) = address(index) else {
                        return Ok(Err(TransactionError::InvalidAddressLookupTableIndex));
                    };
                    keys.push(key);
                }
            }
        }
        keys.append(&mut readonly);
        for key in &keys {
            self.account(key, store)?;
        }
        Ok(Ok(keys))
    }

    fn touch(&mut self, address: &Pubkey) {
        if let Some(age) = self.resident.get_mut(address) {
            *age = self.slot;
        }
    }

    fn set(&mut self, address: Pubkey, account: Account) -> Result<()> {
        self.vm
            .set_account(address, account)
            .map_err(|e| LocalnetError::Svm {
                what: address.to_string(),
                reason: e.to_string(),
            })
    }
}

impl Executed {
    /// The metadata as Geyser sends it.
    pub(super) fn into_meta(self) -> proto::TransactionStatusMeta {
        let run = self.run;
        let bytes = |keys: &[Pubkey]| keys.iter().map(|k| k.as_ref().to_vec()).collect();
        proto::TransactionStatusMeta {
            err: run.err.as_ref().map(|err| proto::TransactionError {
                // The error types always serialise: they hold no maps and no unsized values.
                err: bincode::serialize(err).unwrap_or_default(),
            }),
            fee: run.fee,
            loaded_writable_addresses: bytes(&run.loaded_writable),
            loaded_readonly_addresses: bytes(&run.loaded_readonly),
            pre_balances: run.pre_balances,
            post_balances: run.post_balances,
            inner_instructions: run
                .inner
                .into_iter()
                .map(|(outer, group)| proto::InnerInstructions {
                    index: outer.into(),
                    instructions: group
                        .into_iter()
                        .map(|ix| proto::InnerInstruction {
                            program_id_index: ix.program.into(),
                            accounts: ix.accounts,
                            data: ix.data,
                            stack_height: Some(ix.stack_height.into()),
                        })
                        .collect(),
                })
                .collect(),
            log_messages: run.logs,
            pre_token_balances: self.pre_tokens,
            post_token_balances: self.post_tokens,
            return_data_none: run.return_data.is_none(),
            return_data: run.return_data.map(|(program, data)| proto::ReturnData {
                program_id: program.as_ref().to_vec(),
                data,
            }),
            compute_units_consumed: Some(run.compute_units),
            ..Default::default()
        }
    }
}

/// The slot-hashes sysvar: lookup tables may only be made for a slot that is in it.
fn slot_hashes(recent: &[(u64, [u8; 32])]) -> (Pubkey, Account) {
    let mut data = Vec::with_capacity(8 + recent.len() * 40);
    data.extend_from_slice(&(recent.len() as u64).to_le_bytes());
    for (slot, hash) in recent {
        data.extend_from_slice(&slot.to_le_bytes());
        data.extend_from_slice(hash);
    }
    // The sysvar has room for 512 entries whatever it holds.
    data.resize(8 + 512 * 40, 0);
    let account = Account {
        lamports: 1,
        data,
        owner: solana_sdk::sysvar::ID,
        executable: false,
        rent_epoch: u64::MAX,
    };
    (solana_sdk::sysvar::slot_hashes::ID, account)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        chain::store::{Genesis, Store},
        svm::genesis::wallet,
    };

    #[test]
    fn memory_is_bounded_and_what_was_dropped_is_found_again() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let address =
            |n: usize| Pubkey::new_from_array(solana_sdk::hash::hash(&n.to_le_bytes()).to_bytes());
        let count = RESIDENT_LIMIT + 500;
        let accounts: Vec<_> = (0..count)
            .map(|n| (address(n), wallet(n as u64 + 1)))
            .collect();
        let genesis = Genesis {
            format: 1,
            hash: [1; 32],
            seed: 1,
            created: 0,
        };
        store.create(&genesis, &accounts, &[]).unwrap();
        let reader = store.reader().unwrap();
        let mut bank = Bank::new().unwrap();
        for (slot, part) in (1..).zip(accounts.chunks(100)) {
            bank.begin(slot, 1_000, &[(slot - 1, [0; 32])]).unwrap();
            for (address, account) in part {
                assert_eq!(
                    bank.account(address, &reader).unwrap().as_ref(),
                    Some(account)
                );
            }
            bank.end().unwrap();
            assert!(bank.resident.len() <= RESIDENT_LIMIT);
        }
        let oldest = address(0);
        assert!(
            !bank.resident.contains_key(&oldest),
            "the oldest was dropped"
        );
        assert_eq!(bank.account(&oldest, &reader).unwrap(), Some(wallet(1)));
        assert_eq!(
            bank.runtime_account(&oldest),
            None,
            "it is the store's, not the runtime's"
        );
    }
}
