//! What waits, for whoever asks.

use std::time::SystemTime;

/// The queue between source and decoder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QueueStatus {
    /// Messages in memory.
    pub messages: u64,
    /// Their bytes.
    pub memory_bytes: u64,
    /// Messages on disk that have not been read back.
    pub wal_messages: u64,
    /// Bytes of the segment files, those read back and not stored yet included.
    pub wal_bytes: u64,
    /// Bytes that they may take; 0 = none are written.
    pub wal_limit: u64,
    /// When the message that is next arrived.
    pub oldest: Option<SystemTime>,
    /// The source has to wait: nothing more is taken from it.
    pub paused: bool,
    /// Why, or what is wrong with the files.
    pub message: Option<String>,
}

impl QueueStatus {
    /// Age in seconds of the message that is next; 0 where none waits.
    #[must_use]
    pub fn age(&self) -> f64 {
        let age = self.oldest.and_then(|at| at.elapsed().ok());
        age.unwrap_or_default().as_secs_f64()
    }
}
