//! When the write-ahead log is copied into the database: after a commit was answered, never before.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rusqlite::Connection;
use rusqlite::wal::CheckpointMode;

use super::connect::PAGE;
use super::pair;

/// Watches the log's length.
#[derive(Debug)]
pub(super) struct Checkpoint {
    /// Pages in the log after the last commit.
    pages: Arc<AtomicUsize>,
    /// As many are copied at a time.
    every: usize,
    /// From so many on it is tried next.
    next: usize,
}

impl Checkpoint {
    /// Takes SQLite's own checkpoints off this connection.
    pub(super) fn new(conn: &mut Connection, bytes: usize) -> rusqlite::Result<Self> {
        let pages = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&pages);
        conn.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, length: i32| {
            seen.store(usize::try_from(length).unwrap_or(0), Ordering::Relaxed);
            Ok(())
        }))?;
        let every = (bytes / PAGE as usize).max(1);
        let next = every;
        Ok(Self { pages, every, next })
    }

    /// Copies if the log is long. What cannot be copied now, since somebody reads of old or the disk is full, stays in
    /// the log, where it is as safe.
    pub(super) fn after_commit(&mut self, conn: &Connection) {
        let pages = self.pages.load(Ordering::Relaxed);
        if pages < self.every {
            self.next = self.every;
            return;
        }
        if pages < self.next {
            return;
        }
        match conn.wal_checkpoint_v2(None::<&str>, CheckpointMode::PASSIVE) {
            Ok((log, copied)) if log == copied => {
                self.next = self.every;
                // The next commit begins the log anew: that one says whose it is. Where another process is in the way it
                // goes without, as a log of before there were numbers.
                if let Err(error) = pair::stamp(conn) {
                    tracing::debug!(%error, "the store's new log has no number yet");
                }
            }
            Ok(_) => self.next = pages + self.every,
            Err(error) => {
                self.next = pages + self.every;
                tracing::warn!(%error, "the store's log was not copied into the database; it is tried again");
            }
        }
    }
}
