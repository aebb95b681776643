//! From a source of chain data (live Geyser stream, recording) to rows in the warehouse: complete and exactly once.
//!
//! `convert` turns what sources send into [`hypernode_decoder::chain`] types, `slots` decides what is proven and in which
//! order it leaves, `accounts` keeps what is seen of accounts beside them, `rpc` asks for blocks, `batch` cuts that into deterministic windows, `pipeline` joins them to the warehouse.
#![forbid(unsafe_code)]

pub mod accounts;
pub mod batch;
pub mod bench;
pub mod convert;
pub mod geyser;
mod idl_sets;
pub mod pipeline;
pub mod recording;
pub mod rpc;
pub mod slots;
pub mod verify;
mod wal;

pub use wal::{QueueStatus, WalOptions};
