//! Hosts of every dialect before a real dispatcher and store: all but the sockets themselves (I-55).
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

mod abuse;
mod aware;
mod facts;
mod restarts;
mod support;
mod tokens;
