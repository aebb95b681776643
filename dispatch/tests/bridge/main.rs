//! The bridge from the chain over a real dispatcher and store, and an index that forks, fails and repeats itself.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

mod chain;
mod clerk;
mod credits;
mod desk;
mod input;
mod kill;
mod ledger;
mod onchain;
mod streams;
mod support;
