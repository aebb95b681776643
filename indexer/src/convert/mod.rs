//! What sources send, turned into [`hypernode_decoder::chain`] types by moving buffers.
//!
//! Everything here reads bytes that a stranger chose: a value out of range is an error or a flag, never a panic.

mod fields;
mod getblock;
mod proto;
mod walk;
mod wire;

pub(crate) use getblock::{Answered, Wanted, answered_block};
pub use getblock::{MAX_BASE58_CHARS, block_from_json};
pub use proto::{block, meta, transaction, update};
pub use walk::block_from_wire;
pub(crate) use walk::{block_in, sent_at, slot_of_block};

use hypernode_decoder::chain::{Signature, Transaction};

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

/// A transaction, and why its content could not be read if it could not.
///
/// One malformed transaction must not cost its block: its row stays, with signature, position and outcome, but without
/// keys, instructions and logs (all marked "not recorded").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Converted {
    /// The transaction, or its shell.
    pub transaction: Transaction,
    /// Why the content is missing.
    pub malformed: Option<String>,
}

/// A transaction of which only signature, position and outcome are known.
fn shell(signature: Signature, index: u32, err: Option<Vec<u8>>) -> Transaction {
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
fn hash(slot: u64, field: &'static str, text: &str) -> Result<[u8; 32], ConvertError> {
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

#[cfg(test)]
mod tests;
