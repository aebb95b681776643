//! Host programs of every dialect, written in another language, before the real server over real sockets.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests stand outside any #[test]"
)]

mod doubles;
mod hall;
mod sockets;
