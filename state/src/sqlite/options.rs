//! What an operator may set.

use std::time::Duration;

/// How a store behaves; the default suits one server on one disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Connections that read, each on a thread of its own. At least 1.
    pub readers: usize,
    /// Units that may wait for the writer, and queries for the readers; beyond it callers get [`crate::StoreError::Busy`].
    pub queue: usize,
    /// Bytes of all units that wait.
    pub queue_bytes: usize,
    /// The most operations that share one commit (a larger unit has one to itself). 1 gives each unit its own.
    pub group_ops: usize,
    /// The longest time that a commit gathers operations while more are waiting.
    pub group_time: Duration,
    /// How long another process may hold the database before callers get [`crate::StoreError::Locked`].
    pub lock_wait: Duration,
    /// Page cache of the writer, in bytes.
    pub cache_bytes: usize,
    /// Bytes of the write-ahead log from which on it is copied into the database.
    pub checkpoint_bytes: usize,
    /// The largest size of the database file; `None` for as much as the disk holds.
    pub max_bytes: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            readers: 2,
            queue: 8_192,
            queue_bytes: 64 << 20,
            group_ops: 500,
            group_time: Duration::from_millis(5),
            lock_wait: Duration::from_secs(5),
            cache_bytes: 64 << 20,
            checkpoint_bytes: 32 << 20,
            max_bytes: None,
        }
    }
}
