//! End to end: the real binary, the real engine, real sockets.

mod bad_input;
mod page;
mod recording;
mod sql;
mod support;
mod up;
