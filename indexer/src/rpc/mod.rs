//! JSON-RPC of a Solana network, asked for blocks. An endpoint's address is never shown: it may hold a key.

mod blocks;
mod client;
mod pool;

pub use blocks::{Commitment, Fetched, MOST_SLOTS};
pub use client::{Rpc, RpcError};
pub use pool::{Pool, PoolOptions};
