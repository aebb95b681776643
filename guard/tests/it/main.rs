//! The connector over real sockets, and its rules over every form of address that was thought of.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "tests; the fuzz target's checks are shared with a crate that needs them public"
)]

mod addresses;
mod answers;
mod busy;
mod corpus;
mod forms;
mod hostile;
mod properties;
mod proxies;
mod rebinding;
mod secure;
mod spellings;
mod support;
#[path = "../../../fuzz/src/guard_target.rs"]
mod target;
