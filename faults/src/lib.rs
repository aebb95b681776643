//! Faults on purpose: a network that misbehaves, proxies that lose, double and delay, an indexer that is killed; and what
//! is stored in the end, compared with the chain.

#![forbid(unsafe_code)]

pub mod abuse;
pub mod accounts;
mod certificates;
pub mod compare;
pub mod digest;
pub mod dispatch;
mod follower;
pub mod indexer;
pub mod ingest;
mod metrics;
pub mod net;
pub mod proxy;
mod rounds;
mod rpc;
pub mod scenarios;
pub mod scores;
pub mod store;
