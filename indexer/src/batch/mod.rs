//! Blocks cut into batches whose bounds and rows are a function of content alone.

mod windows;

pub use windows::{Resume, Span, Windows};

/// Slots per window while following the tip.
pub const LIVE_WINDOW: u32 = 4;
/// Slots per window for recordings and backfill.
pub const BULK_WINDOW: u32 = 512;
/// A window is split after the block that brings a batch to this many rows.
pub const MAX_ROWS: u64 = 200_000;
