//! What each fuzz target checks: `check(bytes)` panics on a finding. The decoder's tests include this file
//! and run the committed corpus through the same code.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a finding is a panic; the functions are for the targets only"
)]

pub mod executor;
pub mod idl_parser;
#[path = "../../decoder/tests/it/support/native.rs"]
mod native;
pub mod plan;
pub mod scanner;
mod shared;
