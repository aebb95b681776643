//! What became of each call of a transaction.
//!
//! A successful transaction's calls are all `ok`. Of a failed one nothing remains on chain: a call that had ended well
//! is `rolled_back`, one that failed, or whose callee did, is `failed`, one that never began is `not_run`. The log tells
//! by its exits, as far as it is believed. Where it is missing, cut or does not fit the instructions, the error's own
//! index tells of the outer ones, and what ran beneath the failing one counts as `rolled_back`: that much is true of all
//! of it.

use crate::chain::Transaction;
use crate::scan::{End, Flags, Node};

/// Numbers of the `result` column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Ended {
    Ok = 1,
    RolledBack = 2,
    Failed = 3,
    NotRun = 4,
}

/// How a transaction failed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Failure {
    /// Outer instruction that the error names.
    outer: Option<u16>,
    /// Whether the log tells of every call.
    complete: bool,
    /// First call that the log did not reach.
    reached: u32,
}

impl Failure {
    /// `None` for a transaction that succeeded.
    pub(crate) fn of(tx: &Transaction, flags: &Flags) -> Option<Self> {
        tx.err.as_deref().map(|err| Self {
            outer: failing_outer(err),
            complete: !(flags.logs_missing || flags.truncated || flags.mismatch),
            reached: flags.reached,
        })
    }

    /// What became of call number `number`, of which the log says `end`.
    pub(crate) fn of_call(&self, node: &Node<'_>, number: u32, end: End) -> Ended {
        match (end, self.outer) {
            (End::Success, _) => Ended::RolledBack,
            (End::Failed, _) => Ended::Failed,
            (_, Some(outer)) if node.outer < outer => Ended::RolledBack,
            (_, Some(outer)) if node.outer > outer => Ended::NotRun,
            (_, Some(_)) if node.inner < 0 => Ended::Failed,
            // The runtime records a call, then may refuse it: such a one never began.
            (End::Unseen, Some(_)) if self.complete => Ended::NotRun,
            // Precompiled programs log nothing: what was passed on the way did run.
            (End::Unseen, None) if self.complete && number >= self.reached => Ended::NotRun,
            _ => Ended::RolledBack,
        }
    }
}

/// Number of `InstructionError` among the runtime's transaction errors.
const INSTRUCTION_ERROR: u32 = 8;

/// The instruction that the error names, from either encoding: bincode (streams) or JSON (RPC). The cause behind it is
/// not read: it has forms that a decoder of today does not know.
fn failing_outer(err: &[u8]) -> Option<u16> {
    if let Some(rest) = err.strip_prefix(b"{\"InstructionError\":[".as_slice()) {
        let end = rest.iter().position(|b| !b.is_ascii_digit())?;
        let digits = std::str::from_utf8(rest.get(..end)?).ok()?;
        return digits.parse::<u8>().ok().map(u16::from);
    }
    let (tag, rest) = err.split_first_chunk::<4>()?;
    let index = rest
        .first()
        .filter(|_| u32::from_le_bytes(*tag) == INSTRUCTION_ERROR)?;
    Some(u16::from(*index))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_failing_instruction_is_read_from_either_encoding() {
        let cases: [(&[u8], Option<u16>); 9] = [
            (&[8, 0, 0, 0, 3, 25, 0, 0, 0, 112, 23, 0, 0], Some(3)),
            (&[8, 0, 0, 0], None),
            (&[7, 0, 0, 0, 3], None),
            (b"{\"InstructionError\":[2,{\"Custom\":6000}]}", Some(2)),
            (b"{\"InstructionError\":[255,\"X\"]}", Some(255)),
            (b"{\"InstructionError\":[256,\"X\"]}", None),
            (b"{\"InstructionError\":[", None),
            (b"\"AccountInUse\"", None),
            (b"", None),
        ];
        for (err, want) in cases {
            assert_eq!(failing_outer(err), want, "{err:?}");
        }
    }
}
