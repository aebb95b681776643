//! Our decoder against `anchor-lang`'s generated types: random values of random IDLs.
#![forbid(unsafe_code)]
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod case;
mod columns;
mod committed;
mod compare;
mod decoders;
mod differential;
mod glue;
#[path = "../../../tests/it/support/native.rs"]
mod native;
