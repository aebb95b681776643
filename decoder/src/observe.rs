//! Watching a decoder at work: every record and transaction, in order.

use crate::chain::{Block, Pubkey, Transaction};
use crate::scan::Via;

/// Sees what a [`crate::Decoder`] decides. All methods do nothing unless overridden.
pub trait Observer {
    /// Whether records of programs that are not configured are wanted too, with place and bytes (each of
    /// their calls of themselves costs the derivation of an address).
    fn wants_all(&self) -> bool {
        false
    }

    /// A block begins.
    fn block(&mut self, _block: &Block) {}

    /// A record, in execution order within its transaction.
    fn record(&mut self, _record: &Record<'_>) {}

    /// A transaction has been decoded; its records came before.
    fn transaction(&mut self, _outcome: &TxOutcome<'_>) {}
}

impl Observer for () {}

/// One event record.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// Slot of its block.
    pub slot: u64,
    /// Transaction that holds it.
    pub tx: &'a Transaction,
    /// Program that emitted it; a guess where `outcome` is [`Outcome::Suspect`].
    pub program: &'a Pubkey,
    /// Label of the program, `None` if it is not configured.
    pub label: Option<&'a str>,
    /// Name of the event, `None` if unknown.
    pub event: Option<&'a str>,
    /// How it was emitted.
    pub via: Via,
    /// Index of the outer instruction, 65535 if unknown.
    pub outer_ix: u16,
    /// Index of the inner instruction, -1 for the outer one itself.
    pub inner_ix: i32,
    /// Number of the record within its instruction.
    pub ordinal: u32,
    /// Discriminator and borsh; where they are not base64, the text as it stood.
    pub data: &'a [u8],
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A row; so many bytes followed the decoded value.
    Decoded {
        /// Bytes after the value.
        trailing: u32,
    },
    /// A dead letter: proven to be of this program, but not decodable.
    DeadLetter,
    /// A dead letter: the log could no longer be believed where it stood.
    Suspect,
    /// Not ours: the program is not configured.
    Unconfigured,
}

/// A decoded transaction.
#[derive(Debug, Clone, Copy)]
pub struct TxOutcome<'a> {
    /// Slot of its block.
    pub slot: u64,
    /// The transaction.
    pub tx: &'a Transaction,
    /// Whether it has a row in `transactions`.
    pub kept: bool,
    /// The source did not record the log.
    pub logs_missing: bool,
    /// The log was cut.
    pub log_truncated: bool,
    /// Log and instructions do not agree.
    pub log_mismatch: bool,
    /// Lines with data that were not believed, whoever wrote them.
    pub disbelieved: u32,
}
