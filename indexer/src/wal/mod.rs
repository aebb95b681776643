//! The queue between source and decoder: a little in memory, then files in `DATA/wal` up to a stated size, then the
//! source waits (I-32).
//!
//! While ClickHouse keeps up nothing is written. Where it does not, what arrives is appended to segment files (varint
//! recordings, that `hypernode index --recording` reads too) and read back in order. A file goes when all its slots are
//! stored. What a stop leaves is replayed by the next start before the live stream: the ledger makes that harmless. So
//! that no hole lies before it, what was handed over and is not stored yet is written first.

mod feed;
mod frame;
mod line;
mod order;
mod segments;
mod status;
mod take;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

pub(crate) use line::open;
#[cfg(test)]
use line::{Feed, Line};
pub use status::QueueStatus;

/// What may wait between source and decoder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalOptions {
    /// Folder of the segment files; `None`: nothing is written, and nothing replayed.
    pub folder: Option<PathBuf>,
    /// Bytes that they may take; 0 = none, then a full queue makes the source wait.
    pub bytes: u64,
    /// Messages that may wait in memory.
    pub messages: usize,
}

impl Default for WalOptions {
    fn default() -> Self {
        Self {
            folder: None,
            bytes: 1 << 30,
            messages: 8_192,
        }
    }
}

impl WalOptions {
    /// In this folder, up to so many bytes.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>, bytes: u64) -> Self {
        Self {
            folder: Some(folder.into()),
            bytes,
            ..Self::default()
        }
    }
}
