//! Hypernode localnet.
#![forbid(unsafe_code)]

pub mod svm;
