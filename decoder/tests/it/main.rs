//! The decoder against recorded chains and hand-made attacks, through its public interface only.
#![forbid(unsafe_code)]
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]
#![allow(
    clippy::duplicate_mod,
    reason = "the fuzz targets bring the reader of Native blocks along"
)]

mod accounts;
mod anchor;
mod broken;
mod calls;
mod canonical;
mod every_type;
mod forgeries;
#[path = "../../../fuzz/src/lib.rs"]
mod fuzz;
mod fuzz_corpus;
mod hidden;
mod idls;
mod mainnet;
mod noise;
mod quiet;
mod random;
mod support;
mod validator_stream;
mod versions;
mod zoo;
