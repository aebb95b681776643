//! The decoder against recorded chains and hand-made attacks, through its public interface only.
#![forbid(unsafe_code)]
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod accounts;
mod anchor;
mod broken;
mod calls;
mod canonical;
mod farm;
mod forgeries;
#[path = "../../../fuzz/src/lib.rs"]
mod fuzz;
mod fuzz_corpus;
mod idls;
mod mainnet;
mod noise;
mod quiet;
mod random;
mod support;
mod validator_stream;
mod versions;
mod zoo;
