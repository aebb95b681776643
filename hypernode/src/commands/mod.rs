//! One file per subcommand.

pub(crate) mod audit;
pub(crate) mod bench;
mod bench_accounts;
mod bench_api;
mod bench_dispatch;
pub(crate) mod bench_sockets;
pub(crate) mod config;
pub(crate) mod digest;
pub(crate) mod doctor;
pub(crate) mod fetch_engine;
pub(crate) mod gap;
pub(crate) mod idl;
pub(crate) mod index;
pub(crate) mod localnet;
pub(crate) mod migrate;
pub(crate) mod operator;
pub(crate) mod record;
pub(crate) mod repair;
pub(crate) mod replay_match;
pub(crate) mod signer;
pub(crate) mod sql;
pub(crate) mod state;
pub(crate) mod status;
pub(crate) mod stretch;
pub(crate) mod top;
pub(crate) mod up;
pub(crate) mod verify;
