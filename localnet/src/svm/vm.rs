//! Executing transactions and telling everything that a node's block metadata would tell.

use litesvm::{LiteSVM, error::LiteSVMError, types::TransactionMetadata};
use solana_sdk::{
    account::{Account, AccountSharedData, ReadableAccount},
    clock::Clock,
    message::VersionedMessage,
    pubkey,
    pubkey::Pubkey,
    signature::Signature,
    transaction::{TransactionError, VersionedTransaction},
};

use super::programs;

const LOOKUP_TABLE_PROGRAM: Pubkey = pubkey!("AddressLookupTab1e1111111111111111111111111");
/// Bytes before the addresses in a lookup table account.
const LOOKUP_TABLE_META: usize = 56;

/// Why the machine could not be set up or an account not be set.
#[derive(Debug, thiserror::Error)]
pub enum VmError {
    /// A committed ELF does not load: rebuild it with `localnet/programs/build.sh`.
    #[error("program {label} does not load: {source}; rebuild it with localnet/programs/build.sh")]
    Program {
        /// Which one.
        label: &'static str,
        /// The loader's reason.
        source: Box<LiteSVMError>,
    },
    /// An account is one that the runtime refuses (a malformed sysvar or program).
    #[error("account {address} cannot be set: {source}")]
    Account {
        /// Which one.
        address: Pubkey,
        /// The runtime's reason.
        source: Box<LiteSVMError>,
    },
}

/// Accounts, programs and a clock.
pub struct Vm {
    svm: LiteSVM,
}

impl std::fmt::Debug for Vm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vm").finish_non_exhaustive()
    }
}

/// A transaction that entered the chain, successful or not.
#[derive(Debug, Clone, PartialEq)]
pub struct Executed {
    /// First signature.
    pub signature: Signature,
    /// -1 legacy, 0 v0.
    pub version: i8,
    /// Why it failed; its fee was charged all the same.
    pub err: Option<TransactionError>,
    /// Log lines; a line may contain newlines.
    pub logs: Vec<String>,
    /// Inner instructions by outer index, in execution order; groups without any are left out.
    pub inner: Vec<(u8, Vec<InnerInstruction>)>,
    /// Fee in lamports.
    pub fee: u64,
    /// Compute units consumed.
    pub compute_units: u64,
    /// Program and bytes of the last return data, if any.
    pub return_data: Option<(Pubkey, Vec<u8>)>,
    /// Static keys of the message.
    pub static_keys: Vec<Pubkey>,
    /// Keys that lookup tables loaded as writable, in message order.
    pub loaded_writable: Vec<Pubkey>,
    /// Keys that lookup tables loaded as read-only, in message order.
    pub loaded_readonly: Vec<Pubkey>,
    /// Lamports of every key (static, writable, read-only) before.
    pub pre_balances: Vec<u64>,
    /// Lamports of every key after.
    pub post_balances: Vec<u64>,
    /// Accounts that differ from before, whole, by ascending key index; a closed one has 0 lamports.
    pub changed: Vec<(Pubkey, Account)>,
}

/// An instruction that a program issued; indexes go over static, writable and read-only keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InnerInstruction {
    /// Index of the program's key.
    pub program: u8,
    /// Indexes of the accounts.
    pub accounts: Vec<u8>,
    /// Instruction data.
    pub data: Vec<u8>,
    /// Height in the invoke stack (2 = called by an outer instruction).
    pub stack_height: u8,
}

/// What a transaction would do.
#[derive(Debug, Clone, PartialEq)]
pub struct Simulated {
    /// Why it would fail.
    pub err: Option<TransactionError>,
    /// Log lines.
    pub logs: Vec<String>,
    /// Compute units it would consume.
    pub compute_units: u64,
    /// Program and bytes of the last return data, if any.
    pub return_data: Option<(Pubkey, Vec<u8>)>,
    /// Accounts as they would be; empty on failure.
    pub accounts: Vec<(Pubkey, Account)>,
}

impl Vm {
    /// A machine with mainnet's features, the SPL programs and ours, and no other accounts. Signatures are
    /// verified; blockhashes and repeated signatures are the caller's to check.
    ///
    /// # Errors
    /// When a committed program does not load.
    pub fn new() -> Result<Self, VmError> {
        // Signatures are verified here, so that a simulation may go without them.
        let svm = LiteSVM::new()
            .with_sigverify(false)
            .with_blockhash_check(false)
            .with_transaction_history(0);
        let mut vm = Self { svm };
        for program in programs::all() {
            vm.svm
                .add_program(program.id(), program.elf)
                .map_err(|source| VmError::Program {
                    label: program.label,
                    source: Box::new(source),
                })?;
        }
        Ok(vm)
    }

    /// Sets what programs see as the time: slot, and seconds since the epoch.
    pub fn set_clock(&mut self, slot: u64, unix_timestamp: i64) {
        let mut clock = self.svm.get_sysvar::<Clock>();
        clock.slot = slot;
        clock.unix_timestamp = unix_timestamp;
        clock.epoch = slot / hypernode_schemas::table::PARTITION_SLOTS;
        self.svm.set_sysvar(&clock);
    }

    /// The account at this address, if it holds lamports.
    #[must_use]
    pub fn account(&self, address: &Pubkey) -> Option<Account> {
        self.svm
            .get_account(address)
            .filter(|account| account.lamports > 0)
    }

    /// Lamports at this address, 0 where there is no account.
    #[must_use]
    pub fn balance(&self, address: &Pubkey) -> u64 {
        self.svm.get_balance(address).unwrap_or(0)
    }

    /// Puts an account in place, whatever was there.
    ///
    /// # Errors
    /// When the runtime refuses it: only for malformed sysvars and programs.
    pub fn set_account(&mut self, address: Pubkey, account: Account) -> Result<(), VmError> {
        self.svm
            .set_account(address, account)
            .map_err(|source| VmError::Account {
                address,
                source: Box::new(source),
            })
    }

    /// Every account that this program owns, by ascending address.
    #[must_use]
    pub fn program_accounts(&self, program: &Pubkey) -> Vec<(Pubkey, Account)> {
        let mut accounts = self.svm.get_program_accounts(program);
        accounts.sort_unstable_by_key(|(address, _)| *address);
        accounts
    }

    /// Lamports that make an account of this many data bytes rent-exempt.
    #[must_use]
    pub fn rent(&self, bytes: usize) -> u64 {
        self.svm.minimum_balance_for_rent_exemption(bytes)
    }

    /// Executes a signed transaction (legacy or v0) and keeps its effects.
    ///
    /// # Errors
    /// When it cannot enter a block: malformed, badly signed, without a payer for the fee. Nothing changed.
    pub fn execute(
        &mut self,
        transaction: &VersionedTransaction,
    ) -> Result<Executed, TransactionError> {
        if !transaction.verify_with_results().iter().all(|valid| *valid) {
            return Err(TransactionError::SignatureFailure);
        }
        let (loaded_writable, loaded_readonly) = self.lookups(&transaction.message)?;
        let static_keys = transaction.message.static_account_keys().to_vec();
        let keys: Vec<Pubkey> =
            [static_keys.as_slice(), &loaded_writable, &loaded_readonly].concat();
        let before = self.shared(&keys);
        let (meta, err) = match self.svm.send_transaction(transaction.clone()) {
            Ok(meta) => (meta, None),
            Err(failed) => (failed.meta, Some(failed.err)),
        };
        let after = self.shared(&keys);
        // The runtime charges every transaction that it lets in: an unpaid failure never entered.
        if let Some(err) = err.as_ref()
            && before.first() == after.first()
        {
            return Err(err.clone());
        }
        let lamports = |accounts: &[Option<AccountSharedData>]| {
            let lamports = accounts
                .iter()
                .map(|a| a.as_ref().map_or(0, ReadableAccount::lamports));
            lamports.collect()
        };
        let (pre_balances, post_balances) = (lamports(&before), lamports(&after));
        let changed = keys
            .iter()
            .zip(before.iter().zip(after))
            .filter(|(_, (before, after))| *before != after)
            .map(|(key, (_, after))| (*key, after.unwrap_or_default().into()))
            .collect();
        Ok(Executed {
            signature: meta.signature,
            version: match transaction.message {
                VersionedMessage::Legacy(_) => -1,
                VersionedMessage::V0(_) => 0,
                VersionedMessage::V1(_) => 1,
            },
            err,
            inner: inner(&meta),
            fee: meta.fee,
            compute_units: meta.compute_units_consumed,
            return_data: return_data(&meta),
            logs: meta.logs,
            static_keys,
            loaded_writable,
            loaded_readonly,
            pre_balances,
            post_balances,
            changed,
        })
    }

    /// Executes a transaction without keeping its effects. Signatures are not verified.
    #[must_use]
    pub fn simulate(&self, transaction: &VersionedTransaction) -> Simulated {
        let (meta, err, accounts) = match self.svm.simulate_transaction(transaction.clone()) {
            Ok(info) => (info.meta, None, info.post_accounts),
            Err(failed) => (failed.meta, Some(failed.err), Vec::new()),
        };
        Simulated {
            err,
            compute_units: meta.compute_units_consumed,
            return_data: return_data(&meta),
            logs: meta.logs,
            accounts: accounts
                .into_iter()
                .map(|(key, account)| (key, account.into()))
                .collect(),
        }
    }

    /// The accounts at these addresses as the runtime holds them: their data is shared, not copied.
    fn shared(&self, keys: &[Pubkey]) -> Vec<Option<AccountSharedData>> {
        let db = self.svm.accounts_db();
        let held = |key| {
            db.get_account_ref(key)
                .filter(|account| account.lamports() > 0)
        };
        keys.iter().map(|key| held(key).cloned()).collect()
    }

    /// Keys that the message's lookup tables load: writable ones, then read-only ones.
    fn lookups(
        &self,
        message: &VersionedMessage,
    ) -> Result<(Vec<Pubkey>, Vec<Pubkey>), TransactionError> {
        let (mut writable, mut readonly) = (Vec::new(), Vec::new());
        for lookup in message.address_table_lookups().unwrap_or_default() {
            let table = self
                .account(&lookup.account_key)
                .ok_or(TransactionError::AddressLookupTableNotFound)?;
            if table.owner != LOOKUP_TABLE_PROGRAM {
                return Err(TransactionError::InvalidAddressLookupTableOwner);
            }
            let addresses = table
                .data
                .get(LOOKUP_TABLE_META..)
                .ok_or(TransactionError::InvalidAddressLookupTableData)?;
            for (indexes, keys) in [
                (&lookup.writable_indexes, &mut writable),
                (&lookup.readonly_indexes, &mut readonly),
            ] {
                for index in indexes {
                    let at = usize::from(*index) * 32;
                    let bytes = addresses
                        .get(at..at + 32)
                        .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
                        .ok_or(TransactionError::InvalidAddressLookupTableIndex)?;
                    keys.push(Pubkey::new_from_array(bytes));
                }
            }
        }
        Ok((writable, readonly))
    }
}

fn inner(meta: &TransactionMetadata) -> Vec<(u8, Vec<InnerInstruction>)> {
    let groups = meta
        .inner_instructions
        .iter()
        .enumerate()
        .filter(|(_, group)| !group.is_empty());
    groups
        .map(|(outer, group)| {
            let instructions = group.iter().map(|inner| InnerInstruction {
                program: inner.instruction.program_id_index,
                accounts: inner.instruction.accounts.clone(),
                data: inner.instruction.data.clone(),
                stack_height: inner.stack_height,
            });
            // A message is far too short for 256 outer instructions.
            (
                u8::try_from(outer).unwrap_or(u8::MAX),
                instructions.collect(),
            )
        })
        .collect()
}

fn return_data(meta: &TransactionMetadata) -> Option<(Pubkey, Vec<u8>)> {
    let data = &meta.return_data;
    (!data.data.is_empty()).then(|| (data.program_id, data.data.clone()))
}
