//! What sources send, turned into [`hypernode_decoder::chain`] types by moving buffers.
//!
//! JSON-RPC is read in [`hypernode_decoder::convert`], which needs no protocol of Geyser's. Everything here reads bytes that
//! a stranger chose: a value out of range is an error or a flag, never a panic.

mod fields;
mod proto;
mod walk;

pub use hypernode_decoder::convert::{ConvertError, MAX_BASE58_CHARS};
pub(crate) use hypernode_decoder::convert::{Wanted, hash, shell};
pub use proto::{block, meta, transaction, update};
pub use walk::block_from_wire;
pub(crate) use walk::{block_in, sent_at, slot_of_block};

use hypernode_decoder::chain::{Block, Transaction};
use hypernode_decoder::convert::{self, Malformed};

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

/// What an endpoint answers to `getBlock`.
#[derive(Debug)]
pub(crate) enum Answered {
    Block(Box<Block>),
    Null,
    Refused { code: i64, message: String },
}

/// As [`convert::block_from_json`]; shells are logged and counted.
///
/// # Errors
/// As there.
pub fn block_from_json(text: &[u8], slot: Option<u64>) -> Result<(Block, u64), ConvertError> {
    let (block, malformed) = convert::block_from_json(text, slot)?;
    warn(block.slot, &malformed);
    Ok((block, malformed.len() as u64))
}

/// As [`convert::answered_block`]; shells are logged.
pub(crate) fn answered_block(
    text: &[u8],
    slot: u64,
    wanted: Option<&Wanted>,
) -> Result<Answered, ConvertError> {
    Ok(match convert::answered_block(text, slot, wanted)? {
        convert::Answered::Block(block, malformed) => {
            warn(block.slot, &malformed);
            Answered::Block(block)
        }
        convert::Answered::Null => Answered::Null,
        convert::Answered::Refused { code, message } => Answered::Refused { code, message },
    })
}

fn warn(slot: u64, malformed: &[Malformed]) {
    for Malformed { position, reason } in malformed {
        tracing::warn!(
            slot,
            position,
            reason,
            "transaction kept without its content"
        );
    }
}

#[cfg(test)]
mod tests;
