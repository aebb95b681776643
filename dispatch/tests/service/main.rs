//! The dispatcher over a real store: what it acknowledges is kept, whatever happens to it.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    reason = "tests"
)]

mod desk;
mod documents;
mod kill;
mod life;
mod results;
mod role;
mod support;
