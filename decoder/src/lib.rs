//! From a block and a set of Anchor IDLs to table rows. No I/O, no async.
#![forbid(unsafe_code)]

pub mod chain;
pub mod idl;
