//! Frames of every dialect, whole: what hosts send and what they are sent.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::needless_pass_by_value,
    missing_docs,
    unreachable_pub,
    reason = "tests; the fuzz target's checks are shared with a crate that needs them public"
)]

mod aware;
mod corpus;
mod dialects;
mod facts;
mod hostile;
mod hosts;
mod manifests;
mod outgoing;
mod refusals;
mod shell;
mod support;
#[path = "../../../fuzz/src/wire_frames.rs"]
mod target;
