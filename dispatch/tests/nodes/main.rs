//! The registry of nodes over a real store.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

mod registry;
mod support;
mod tokens;
