//! What JSON-RPC answers to `getBlock` and `getTransaction`, turned into [`crate::chain`] types. No I/O: texts in, values out.
//!
//! Everything here reads bytes that a stranger chose: a value out of range is an error or a flag, never a panic.

mod getblock;
mod gettransaction;
mod wire;

pub use getblock::{Answered, MAX_BASE58_CHARS, Wanted, answered_block, block_from_json};
pub use gettransaction::{Located, TransactionAnswer};

use crate::chain::{Signature, Transaction};

/// Why a message of a source cannot become a chain type.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConvertError {
    /// A field is absent that no block can do without.
    #[error("slot {slot}: `{field}` is missing")]
    Missing {
        /// Slot of the message.
        slot: u64,
        /// Name of the field.
        field: &'static str,
    },
    /// The node did not keep the outcome of a transaction: neither success nor failure may be assumed.
    #[error(
        "slot {slot}, transaction {index}: meta is missing (the node does not hold this block's outcomes; use an archival source)"
    )]
    MetaMissing {
        /// Slot of the block.
        slot: u64,
        /// Position of the transaction.
        index: u64,
    },
    /// A field holds a value that its type does not allow.
    #[error("slot {slot}: `{field}` is invalid: {reason}")]
    Invalid {
        /// Slot of the message.
        slot: u64,
        /// Name of the field.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The JSON of a getBlock answer is not what this reader understands.
    #[error("getBlock JSON: {0}")]
    Json(String),
    /// The bytes of a message are no such message.
    #[error("a Geyser message cannot be read: {0}")]
    Wire(String),
    /// The answer is an RPC error.
    #[error("the RPC answered with an error instead of a block: {0}")]
    Rpc(String),
    /// Neither the caller nor the JSON names the slot.
    #[error("a getBlock answer does not name its slot: pass --slot")]
    SlotUnknown,
}

/// A transaction that was kept as a shell, since its content could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// Its position in the block.
    pub position: usize,
    /// What is wrong with it.
    pub reason: String,
}

/// A transaction of which only signature, position and outcome are known.
#[must_use]
pub fn shell(signature: Signature, index: u32, err: Option<Vec<u8>>) -> Transaction {
    Transaction {
        signature,
        index,
        version: -1,
        err,
        fee: 0,
        compute_units: None,
        keys: Vec::new(),
        signers: 0,
        instructions: Vec::new(),
        inner: None,
        logs: None,
    }
}

/// A base58 text of exactly 32 bytes.
///
/// # Errors
/// When it is none; `slot` and `field` say where it stood.
pub fn hash(slot: u64, field: &'static str, text: &str) -> Result<[u8; 32], ConvertError> {
    let mut out = [0; 32];
    match five8::decode_32(text, &mut out) {
        Ok(()) => Ok(out),
        Err(_) => Err(ConvertError::Invalid {
            slot,
            field,
            reason: format!("{:?} is not the base58 form of 32 bytes", clip(text)),
        }),
    }
}

/// At most 64 characters of a stranger's text, for messages.
fn clip(text: &str) -> String {
    text.chars().take(64).collect()
}
