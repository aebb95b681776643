//! A transaction that has one of the probe's programs emit an event, for people who try out an IDL of theirs.

use solana_sdk::{
    hash::Hash, message::Message, pubkey::Pubkey, signature::Signer as _, transaction::Transaction,
};

use crate::svm::genesis::faucet;
use crate::svm::probe::Probe;

/// Largest transaction that a node takes.
const MAX_BYTES: usize = 1_232;

/// How the event is emitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// `emit!`: a `Program data:` line.
    Log,
    /// `emit_cpi!`: a call of the program by itself.
    Cpi,
}

/// The signed transaction, encoded for `sendTransaction`; the faucet pays. `event` is discriminator and borsh bytes;
/// `program` is an address that holds the probe's code.
///
/// # Errors
/// When it is larger than a transaction can be.
pub fn transaction(
    program: &[u8; 32],
    event: &[u8],
    way: Way,
    blockhash: &[u8; 32],
) -> Result<Vec<u8>, String> {
    let probe = Probe::at(Pubkey::new_from_array(*program));
    let instruction = match way {
        Way::Log => probe.data(&[event]),
        Way::Cpi => probe.event(event),
    };
    let payer = faucet();
    let hash = Hash::new_from_array(*blockhash);
    let message = Message::new_with_blockhash(&[instruction.build()], Some(&payer.pubkey()), &hash);
    let signed = Transaction::new(&[&payer], message, hash);
    let bytes = bincode::serialize(&signed).map_err(|error| error.to_string())?;
    if bytes.len() > MAX_BYTES {
        return Err(format!(
            "an event of {} bytes does not fit: the transaction would have {} bytes, at most {MAX_BYTES} are possible",
            event.len(),
            bytes.len()
        ));
    }
    Ok(bytes)
}
