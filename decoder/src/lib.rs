//! From a block and a set of Anchor IDLs to table rows. No I/O, no async.
//!
//! [`idl::parse`] reads an IDL, [`Decoder::new`] compiles a plan per event, [`Decoder::decode_block`] fills
//! [`Rows`], [`Rows::finish`] gives ClickHouse `Native` blocks.
#![forbid(unsafe_code)]

mod build;
mod canonical;
pub mod chain;
mod column;
mod core_tables;
mod decode;
mod error;
pub mod idl;
mod observe;
mod plan;
mod program;
pub mod report;
mod rows;
mod scan;
mod write;

pub use decode::{BlockStats, Decoder, Keep, ProgramConfig};
pub use error::ConfigError;
pub use observe::{Observer, Outcome, Record, TxOutcome};
pub use rows::Rows;
pub use scan::Via;
