//! Where transactions are written and signed, each with what it will change.

use rand::Rng as _;
use rand_chacha::ChaCha8Rng;
use solana_sdk::{
    hash::Hash,
    instruction::Instruction,
    message::{AddressLookupTableAccount, Message, VersionedMessage, v0},
    pubkey::Pubkey,
    signature::Keypair,
    transaction::VersionedTransaction,
};

use super::{cast::Cast, state::Effect};

/// The work of one slot.
pub(super) struct Desk<'a> {
    pub(super) cast: &'a Cast,
    pub(super) slot: u64,
    pub(super) time: i64,
    pub(super) rng: ChaCha8Rng,
    blockhash: Hash,
    table: Option<AddressLookupTableAccount>,
    written: Vec<(VersionedTransaction, Effect)>,
}

impl<'a> Desk<'a> {
    /// An empty desk.
    pub(super) fn new(
        cast: &'a Cast,
        slot: u64,
        time: i64,
        blockhash: Hash,
        rng: ChaCha8Rng,
        table: Option<AddressLookupTableAccount>,
    ) -> Self {
        Self {
            cast,
            slot,
            time,
            rng,
            blockhash,
            table,
            written: Vec::new(),
        }
    }

    /// Writes a transaction; the first signer pays. One in four is versioned, with the lookup table if
    /// there is one.
    pub(super) fn write(
        &mut self,
        instructions: &[Instruction],
        signers: &[&Keypair],
        effect: Effect,
    ) {
        let Some(payer) = signers.first().map(solana_sdk::signature::Signer::pubkey) else {
            return;
        };
        let message = if self.rng.random_ratio(1, 4) {
            let tables: Vec<_> = self.table.iter().cloned().collect();
            match v0::Message::try_compile(&payer, instructions, &tables, self.blockhash) {
                Ok(message) => VersionedMessage::V0(message),
                Err(error) => return tracing::error!(%error, "an actor's message does not compile"),
            }
        } else {
            VersionedMessage::Legacy(Message::new_with_blockhash(
                instructions,
                Some(&payer),
                &self.blockhash,
            ))
        };
        match VersionedTransaction::try_new(message, signers) {
            Ok(transaction) => self.written.push((transaction, effect)),
            Err(error) => tracing::error!(%error, "an actor cannot sign"),
        }
    }

    /// Transactions written so far.
    pub(super) fn count(&self) -> usize {
        self.written.len()
    }

    /// Everything written, in order.
    pub(super) fn finish(self) -> Vec<(VersionedTransaction, Effect)> {
        self.written
    }

    /// Whether something that happens once in `of` times happens now.
    pub(super) fn once_in(&mut self, of: u32) -> bool {
        self.rng.random_ratio(1, of.max(1))
    }

    /// A random element.
    pub(super) fn pick<'b, T>(&mut self, list: &'b [T]) -> Option<&'b T> {
        if list.is_empty() {
            return None;
        }
        list.get(self.rng.random_range(0..list.len()))
    }

    /// 32 random bytes as hexadecimal text.
    pub(super) fn hash_text(&mut self) -> String {
        let bytes: [u8; 32] = self.rng.random();
        bytes
            .iter()
            .fold(String::with_capacity(64), |mut text, byte| {
                text.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0'));
                text.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0'));
                text
            })
    }
}

/// A lookup table as messages are compiled with it.
pub(super) fn table(key: [u8; 32], addresses: Vec<Pubkey>) -> AddressLookupTableAccount {
    AddressLookupTableAccount {
        key: Pubkey::new_from_array(key),
        addresses,
    }
}
