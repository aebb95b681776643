//! Finds event records in a transaction: in its log, and among its inner instructions.
//!
//! The log is read in lockstep with the instruction tree. Where they part, where a line does not fit the
//! invoke stack, and after `Log truncated`, nothing in the log is believed any more: what looks like an event
//! of a configured program there is reported as a suspect, never as an event. Inner instructions are not
//! touched by any of that, so events emitted by self-CPI are kept in every case.

mod ids;
mod line;
mod tree;
mod walk;

use std::ops::Range;

use line::{Line, classify};

pub(crate) use tree::{MAX_HEIGHT, NONE, Node, recycle};
pub(crate) use walk::{End, Scanner};

use crate::chain::Pubkey;
use crate::observe::Outcome;

/// What the scanner must know about programs.
pub(crate) trait Catalogue {
    /// Number of the configured program with this id.
    fn slot(&self, program: &Pubkey) -> Option<u16>;
    /// What proves that a tagged self-CPI of this program is an event.
    fn cpi_proof(&self, program: &Pubkey, slot: Option<u16>) -> CpiProof;
    /// Whether `data` starts with the discriminator of an event of that configured program.
    fn knows(&self, slot: u16, data: &[u8]) -> bool;
    /// Whether records of programs that are not configured are wanted (without their bytes).
    fn wants_all(&self) -> bool;
}

/// What proves that a self-CPI with the event tag is an event. That the program itself made the call, the
/// runtime guarantees in every case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CpiProof {
    /// Its only account is this one, for which only the program's own event code signs.
    Authority(Pubkey),
    /// Nothing more: the IDL lists no instructions, so nothing says how the program emits.
    SelfCall,
    /// Events of this program are not asked for.
    Unwanted,
}

/// How a record was emitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Via {
    /// `Program data:` in the log.
    Log,
    /// Self-CPI with Anchor's event tag.
    Cpi,
}

/// How far a record can be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trust {
    /// The program is proven to have emitted it.
    Proven,
    /// It stands behind `Log truncated`; the program is a guess.
    AfterTruncation,
    /// It stands behind the point where log and instructions part; the program is a guess.
    AfterMismatch,
    /// The program called itself with the event tag, but not by its event authority.
    WrongAuthority,
}

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// Program that emitted it (or, for a suspect, may have).
    pub(crate) program: Pubkey,
    /// Its number, 65535 if it is not configured.
    pub(crate) slot: u16,
    pub(crate) via: Via,
    pub(crate) trust: Trust,
    /// Node of the emitting instruction; `NO_NODE` if unknown.
    pub(crate) node: u32,
    pub(crate) outer_ix: u16,
    pub(crate) inner_ix: i32,
    pub(crate) ordinal: u32,
    /// Its bytes in the scanner's arena; the log's text if it is not base64.
    pub(crate) data: Range<usize>,
    pub(crate) bad_base64: bool,
    /// What became of it, and the number of its event, once written.
    pub(crate) outcome: Outcome,
    pub(crate) event: Option<usize>,
}

/// `Found::node` of a record whose emitting instruction is unknown.
pub(crate) const NO_NODE: u32 = u32::MAX;
/// `outer_ix` of a record that cannot be placed.
pub(crate) const NO_PLACE: u16 = u16::MAX;

/// What the scan learned about the transaction as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Flags {
    pub(crate) logs_missing: bool,
    pub(crate) truncated: bool,
    pub(crate) mismatch: bool,
    /// Number of the first node that the log did not reach.
    pub(crate) reached: u32,
    /// Lines with data that were not believed, whoever wrote them.
    pub(crate) disbelieved: u32,
}

/// Appends the bytes of a line that is a record to `arena`; false if it is none.
pub(crate) fn record(line: &str, arena: &mut Vec<u8>) -> bool {
    match classify(line) {
        Line::Data(text) => decode(text, arena),
        _ => false,
    }
}

/// Appends the segments of a record, joined; on failure what was appended is to be cut off.
#[inline]
fn decode(text: &str, arena: &mut Vec<u8>) -> bool {
    let start = arena.len();
    // Almost always one segment: try that before looking for spaces.
    let engine = base64_simd::STANDARD;
    engine.decode_append(text, arena).is_ok() || {
        arena.truncate(start);
        text.split(' ')
            .all(|segment| engine.decode_append(segment, arena).is_ok())
    }
}
