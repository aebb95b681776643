//! The ClickHouse side: client, embedded engine, migrations, batch writer, ledger, recovery.
//!
//! ClickHouse is reached over its HTTP interface only. The embedded default is ClickHouse itself as a library
//! in a child process behind the same interface, so everything here works alike against a server elsewhere.
#![deny(unsafe_code)] // engine/ffi.rs alone lifts this, for the library's C interface

mod chain;
pub mod client;
pub mod engine;
pub mod fail;
pub mod gaps;
pub mod idl_sets;
pub mod ledger;
pub mod library;
mod literal;
pub mod meta;
pub mod migrate;
pub mod operator;
pub mod recover;
pub mod retract;
pub mod secret;
mod sums;
pub mod writer;

pub use client::{Client, Endpoint, WarehouseError};
pub use ledger::Ledger;
pub use retract::{Reason, Retracted, Retraction};
pub use secret::Secret;
pub use writer::{Ahead, Batch, Writer, Written, settle_tables};
