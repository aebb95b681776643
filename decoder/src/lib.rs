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
//! # Calls
//! - Every call of a configured program, at any depth, is a row of `instructions` and, where the IDL lists it, of
//!   `ix_<label>_<instruction>`: accounts by name, those beyond the list apart, arguments by type. Self-calls that carry
//!   an event are events instead. What the IDL's list cannot explain is a dead letter (`instruction`), with the ordinal
//!   4294967295; a program whose IDL lists nothing has its calls kept as they are, without a name.
//! - An optional account is NULL where the program's own id stands in its place. Accounts that a call does not give are
//!   NULL where optional, zeros else.
//! - `result`: `ok`; of a failed transaction `rolled_back`, `failed` or `not_run`, as the log's exits say where they
//!   are believed. Elsewhere the error's index decides for the outer calls, and whatever ran beneath the failing one
//!   counts as `rolled_back`.
//! - A call whose arguments cannot become columns has no table of its own; `trailing` is then their length.
//!
//! # Versions
//! A block is decoded by the version that its slot belongs to; before a program's first one everything is a dead letter
//! (`no_version`). Layouts of one event or instruction share a table as long as columns only appear (or an enum of one
//! byte gains values); a row of a layout that lacks a column has the default there. Else the layout gets a table of its
//! own: `_v2`, `_v3` behind the name.
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
pub mod convert;
mod core_tables;
mod decode;
mod derive;
mod detail;
mod error;
mod evolve;
pub mod idl;
mod idl_set;
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
pub use derive::find as find_address;
pub use error::{Claim, ConfigError};
pub use idl_set::{IdlSet, IdlSetError};
pub use observe::{Observer, Outcome, Record, TxOutcome};
pub use rows::Rows;
pub use scan::Via;
pub use single::{EventRows, Place};
pub use survey::ScanStats;
