//! Random IDLs, random values of their types, and the Rust code by which Anchor's generated types can be
//! compared with what our decoder makes of the same bytes. Only tests use this crate.
//!
//! `idls/` holds the generated files; `cargo run -p hypernode-decoder-differential --example generate -- --seed S
//! --count N` makes them anew.
#![forbid(unsafe_code)]
#![allow(clippy::panic, reason = "a test tool stops at its own mistakes")]

pub mod files;
pub mod generate;
mod glue;
mod json;
pub mod model;
mod names;
pub mod rng;
pub mod sample;
pub mod value;
