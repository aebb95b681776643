//! Several processes may write; SQLite arbitrates, and this makes it fair.
//!
//! SQLite's own waiting asks again ever more rarely, and a busy writer leaves no gap that it would hit. So whoever waits
//! holds a shared lock on a file beside the database and asks often; who has just committed sees the lock and steps back.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::fault;

/// How often a waiting connection asks.
const ASK: Duration = Duration::from_micros(500);
/// How long a writer steps back: several askings of a process that may have lost its processor.
const STEP_BACK: Duration = Duration::from_millis(4);

/// The way to the one write lock.
#[derive(Debug)]
pub(super) struct Gate {
    waiting: Option<File>,
    wait: Duration,
    had_it: bool,
}

impl Gate {
    /// A gate for the database at `path`. Where its file cannot be made, waiting is merely unfair.
    pub(super) fn new(path: &Path, wait: Duration) -> Self {
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(beside(path))
            .ok();
        Self {
            waiting: file,
            wait,
            had_it: false,
        }
    }

    /// Begins a transaction that may write. The connection must not wait by itself.
    pub(super) fn begin(&mut self, conn: &Connection) -> rusqlite::Result<()> {
        if std::mem::take(&mut self.had_it) && self.others_wait() {
            std::thread::sleep(STEP_BACK);
        }
        match conn.execute_batch("BEGIN IMMEDIATE") {
            Err(error) if fault::is_busy(&error) => self.queue_up(conn)?,
            other => other?,
        }
        self.had_it = true;
        Ok(())
    }

    fn queue_up(&self, conn: &Connection) -> rusqlite::Result<()> {
        let begun = Instant::now();
        if let Some(file) = &self.waiting {
            // Only a moment of looking stands against it.
            let _ = file.lock_shared();
        }
        let result = loop {
            std::thread::sleep(ASK);
            match conn.execute_batch("BEGIN IMMEDIATE") {
                Err(error) if fault::is_busy(&error) && begun.elapsed() < self.wait => {}
                other => break other,
            }
        };
        if let Some(file) = &self.waiting {
            let _ = file.unlock();
        }
        result
    }

    fn others_wait(&self) -> bool {
        let Some(file) = &self.waiting else {
            return false;
        };
        match file.try_lock() {
            Ok(()) => {
                let _ = file.unlock();
                false
            }
            Err(_) => true,
        }
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-waiting");
    name.into()
}
