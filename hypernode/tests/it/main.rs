//! End to end: the real binary, the real engine, real sockets.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests: a panic is the failure

mod access;
mod accounts;
mod backfill;
mod bad_input;
mod browser;
mod chain;
mod compose;
mod dashboards;
mod dispatch;
mod idl_files;
mod idls;
mod invariants;
mod onchain;
mod operator;
mod outage;
mod output;
mod page;
mod recording;
mod reload;
mod reputation;
mod signer;
mod sql;
mod state;
mod support;
mod up;
mod values;
mod verify;
