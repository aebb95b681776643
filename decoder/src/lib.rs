//! From a block and a set of Anchor IDLs to table rows. No I/O, no async.
//!
//! [`idl::parse`] reads an IDL, [`Decoder::new`] compiles a plan per event, [`Decoder::decode_block`] fills
//! [`Rows`], [`Rows::finish`] gives ClickHouse `Native` blocks.
//!
//! # What counts as an event
//! - A `Program data:` line, credited to the innermost open frame of the log. The log is read in lockstep
//!   with the instruction tree; from the first line that does not fit the tree or the stack, and after
//!   `Log truncated`, nothing in it is believed. What looks like an event of a configured program there
//!   becomes a dead letter without a place (`outer_ix` 65535, reason `log_mismatch` or `after_truncation`).
//! - A program's call of itself with Anchor's event tag, whose only account is the program's event authority.
//!   Where the IDL lists no instructions nothing says how the program emits: there the self-call and the tag
//!   must do. Where it lists some, a tagged self-call with other accounts becomes a dead letter
//!   (`event_authority`). The event stands at the place of the instruction that emitted it.
//! - A record's `ordinal` is its place among all records of its instruction, undecodable ones included.
//! - Records that do not decode are dead letters: `short`, `unknown_discriminator`, `bad_base64`, `decode`.
//!
//! # How types become columns
//! As the contract says, and where it is silent: elements of tuple structs are `_0`, `_1`; members of an enum
//! with data are `<Variant>_<field>` behind `kind`; an enum of more than 128 variants is an `Enum16`; a type
//! without bytes is a `UInt8` that is always 0; an option of more than 1024 fixed bytes is an `Array` of zero
//! or one, so that a null stays cheap.
#![forbid(unsafe_code)]

pub mod accounts;
mod build;
mod call;
mod canonical;
pub mod chain;
mod column;
mod core_tables;
mod decode;
mod derive;
mod detail;
mod error;
mod evolve;
pub mod idl;
mod lookup;
mod observe;
mod plan;
mod program;
pub mod report;
mod rows;
mod scan;
mod single;
mod survey;
mod tables;
mod write;

pub use decode::{BlockStats, Decoder, IdlVersion, Keep, ProgramConfig};
pub use error::ConfigError;
pub use observe::{Observer, Outcome, Record, TxOutcome};
pub use rows::Rows;
pub use scan::Via;
pub use single::{EventRows, Place};
pub use survey::ScanStats;
