//! Frames that hosts exchange with us, in every dialect that is in the field.
//!
//! Pure types and functions: bytes in, values out, values in, text out. Nothing here reads a clock, a socket or a file.
//!
//! ```text
//! host ── bytes ──▶ first / Inbound::parse ──▶ Inbound        (all dialects become one)
//! host ◀── text ─── Outbound::render(dialect) ◀── Outbound    (only what that dialect understands)
//! ```
//!
//! - Bytes are a stranger's: reading never panics, and what it allocates is bounded by [`Limits::frame_bytes`] and
//!   [`most::VALUES`].
//! - Every reason to refuse a frame has the words that hosts in the field know: [`FrameError::reply`].
//! - A command for a host can only come from a [`manifest`]: there is no other way to make a [`Command`].
#![forbid(unsafe_code)]

mod dialect;
mod error;
mod fields;
mod first;
mod host_info;
mod inbound;
mod json;
mod limits;
pub mod manifest;
mod outbound;
mod secret;
mod size;
mod surrogates;
mod text;

pub use dialect::Dialect;
pub use error::{FrameError, replies};
pub use first::{First, Validator, first};
pub use host_info::{Gpu, HostInfo, UNKNOWN, UNKNOWN_GPU};
pub use inbound::{
    FailureKind, Heartbeat, Inbound, JobRef, JobResult, LogChunk, Outcome, Progress, Register,
    SignAnswer, Signed, Spelling, Stats, Stream,
};
pub use limits::{Limits, most};
pub use manifest::{Arg, Args, Catalog, Command, Manifest};
pub use outbound::{
    Free, Job, JobLimits, Kind, Offer, Outbound, Registered, RenderError, Summary, Work,
};
pub use secret::Secret;
pub use size::megabytes;
pub use text::{Text, label};

/// Version of the lease-aware protocol that this crate speaks, sent as `proto` in a register frame.
pub const PROTO: u32 = 1;
