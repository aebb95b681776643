//! The seam between the chain and those who use it from inside: the actors.

use solana_sdk::{
    account::Account,
    hash::Hash,
    pubkey::Pubkey,
    signature::Signature,
    transaction::{TransactionError, VersionedTransaction},
};

use super::{bank::Bank, reader::Reader};

/// What became of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is in the block; `Some` = it failed there.
    Executed(Option<TransactionError>),
    /// It did not enter the block.
    Refused(TransactionError),
}

/// What a driver sees of the slot that is about to be produced.
#[derive(Debug)]
pub struct SlotView<'a> {
    /// The slot.
    pub slot: u64,
    /// Its block time, in Unix seconds.
    pub time: i64,
    /// The newest blockhash: transactions signed with it live 150 slots.
    pub blockhash: Hash,
    pub(super) bank: &'a mut Bank,
    pub(super) store: &'a Reader,
}

impl SlotView<'_> {
    /// An account as of the parent block; `None` also when the store fails, which production reports.
    pub fn account(&mut self, address: &Pubkey) -> Option<Account> {
        self.bank.account(address, self.store).ok().flatten()
    }
}

/// Someone who sends transactions in step with the slots. Its state is stored with each block.
pub trait Driver: Send {
    /// Transactions for this slot, in the order of their execution.
    fn plan(&mut self, slot: &mut SlotView<'_>) -> Vec<VersionedTransaction>;
    /// What became of the transactions of [`Driver::plan`], in the same order.
    fn settle(&mut self, results: &[(Signature, Outcome)]);
    /// The state from which another process continues after this block.
    fn save(&self) -> Vec<u8>;
}

/// A driver that sends nothing.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Driver for Silent {
    fn plan(&mut self, _: &mut SlotView<'_>) -> Vec<VersionedTransaction> {
        Vec::new()
    }

    fn settle(&mut self, _: &[(Signature, Outcome)]) {}

    fn save(&self) -> Vec<u8> {
        Vec::new()
    }
}
