//! For tests of several crates: a machine that executes our programs, and what the real decoder makes of it.
#![forbid(unsafe_code)]

pub mod judge;
pub mod world;
