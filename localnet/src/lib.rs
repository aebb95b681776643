//! A simulated Solana network: our programs executed by a real SVM, one persistent chain per data
//! directory, a real Geyser gRPC server and JSON-RPC over it, and actors that use it.

#![forbid(unsafe_code)]

pub mod actors;
pub mod chain;
pub mod emit;
pub mod error;
mod geyser;
mod network;
mod rpc;
pub mod svm;

pub use error::LocalnetError;
pub use network::{Localnet, Options};

/// The runtime whose behaviour the SVM reproduces.
const SOLANA_VERSION: &str = "4.2.2";
