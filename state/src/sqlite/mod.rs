//! The store in one SQLite file.
//!
//! One thread writes. Units that wait share a commit (at most [`Options::group_ops`] operations or
//! [`Options::group_time`]); when nothing more waits it commits at once, so that an idle store answers in the time of one
//! sync. Replies follow the commit, which is on disk then (write-ahead log, `synchronous=FULL`). Other threads read.
//!
//! Several processes may use one file: SQLite arbitrates, the gate makes it fair, and whoever waits longer than
//! [`Options::lock_wait`] gets [`StoreError::Locked`].

mod accounts;
mod backup;
mod budgets;
mod checkpoint;
mod connect;
mod credits;
mod cursors;
mod db;
mod exec;
mod fault;
mod gate;
mod idempotency;
mod inspect;
mod jobs;
mod leases;
mod log;
mod migrate;
mod modes;
mod nodes;
mod options;
mod outbox;
mod pair;
mod readers;
mod receipts;
mod restore;
mod sends;
mod soundness;
mod tasks;
mod values;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;

use crossbeam_channel::{Sender, TrySendError, bounded};
use futures::channel::oneshot;
use futures::future::BoxFuture;
use hypernode_schemas::state::{Migration, sqlite_migrations};

pub use self::inspect::{Inspection, inspect};
pub use self::options::Options;
use self::readers::Readers;
pub use self::restore::{Restored, restore};
use self::writer::{Job, Writer};
use crate::error::{BackupError, OpenError, StoreError};
use crate::seldom::Seldom;
use crate::store::{BackupReport, Store};
use crate::unit::{Answer, Query, Replies, Unit};

/// A store in one SQLite file. Dropping it finishes what waits, then closes the file.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    options: Options,
    /// Both ways are `None` only while it is dropped.
    jobs: Option<Sender<Job>>,
    readers: Option<Readers>,
    bytes: Arc<AtomicUsize>,
    /// Told to the writer before it ends.
    log_may_go: Arc<AtomicBool>,
    reading: Vec<JoinHandle<()>>,
    writing: Option<JoinHandle<()>>,
    /// Held for as long as the database is open: whoever wants to put another in its place sees it.
    pair: pair::Pair,
}

impl SqliteStore {
    /// Opens the database at `path`, which is made where it is missing (file 0600, folders 0700), and brings it to this
    /// program's schema. Blocks.
    ///
    /// # Errors
    /// [`OpenError`] says what is there instead and what to do; nothing was changed then.
    pub fn open(path: impl AsRef<Path>, options: Options) -> Result<Self, OpenError> {
        Self::open_with(path.as_ref(), options, sqlite_migrations())
    }

    fn open_with(path: &Path, options: Options, files: &[Migration]) -> Result<Self, OpenError> {
        connect::folder(path)?;
        let pair = pair::Pair::look(path)?;
        connect::create(path)?;
        let mut conn = connect::writer(path, &options)?;
        // Looked at before anything is written: another program's file stays as it is.
        migrate::next(&conn, path, &options, files)?;
        connect::write_ahead(&conn, path, &options)?;
        migrate::migrate(&mut conn, path, &options, files)?;
        modes::close_to_others(path);
        match pair.seal(&conn, path) {
            // What is there can be read all the same, and either number is good.
            Err(error @ StoreError::DiskFull { .. }) => {
                tracing::warn!(%error, "the store opens without a new number");
            }
            sealed => sealed?,
        }
        let failed = |error: rusqlite::Error| connect::open_error(path, &error, &options);
        let checkpoint = checkpoint::Checkpoint::new(&mut conn, options.checkpoint_bytes);
        let checkpoint = checkpoint.map_err(failed)?;
        writer::prepare(&conn).map_err(failed)?;
        let (readers, reading) = Readers::start(path, &options)?;
        let (jobs, waiting) = bounded(options.queue.max(1));
        let bytes = Arc::new(AtomicUsize::new(0));
        let log_may_go = Arc::new(AtomicBool::new(false));
        let writer = Writer {
            path: path.to_owned(),
            options: options.clone(),
            jobs: waiting,
            bytes: Arc::clone(&bytes),
            log_may_go: Arc::clone(&log_may_go),
            gate: gate::Gate::new(path, options.lock_wait),
            checkpoint,
            left_over: None,
            told: Seldom::default(),
        };
        let writing = spawn(path, "store-write", move || writer.run(&conn))?;
        Ok(Self {
            path: path.to_owned(),
            options,
            jobs: Some(jobs),
            readers: Some(readers),
            bytes,
            log_may_go,
            reading,
            writing: Some(writing),
            pair,
        })
    }

    /// The database.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Queues a unit.
    fn send(
        &self,
        unit: Unit,
    ) -> Result<oneshot::Receiver<Result<Replies, StoreError>>, StoreError> {
        let bytes = unit.check()?;
        let jobs = self.jobs.as_ref().ok_or(StoreError::Closed)?;
        let busy = || {
            self.bytes.fetch_sub(bytes, Ordering::Relaxed);
            Err(StoreError::Busy {
                waiting: jobs.len(),
            })
        };
        let before = self.bytes.fetch_add(bytes, Ordering::Relaxed);
        // A single unit always fits, however small the bound.
        if before > 0 && before + bytes > self.options.queue_bytes {
            return busy();
        }
        let (reply, answer) = oneshot::channel();
        match jobs.try_send(Job { unit, bytes, reply }) {
            Ok(()) => Ok(answer),
            Err(TrySendError::Full(_)) => busy(),
            Err(TrySendError::Disconnected(_)) => Err(StoreError::Closed),
        }
    }
}

impl Store for SqliteStore {
    fn apply(&self, unit: Unit) -> BoxFuture<'_, Result<Replies, StoreError>> {
        // Queued now, not when first polled: the order of calls is the order of units.
        let sent = self.send(unit);
        Box::pin(async move { sent?.await.unwrap_or(Err(StoreError::Closed)) })
    }

    fn read(&self, query: Query) -> BoxFuture<'_, Result<Answer, StoreError>> {
        let readers = self.readers.as_ref().ok_or(StoreError::Closed);
        let asked = readers.and_then(|readers| readers.ask(query));
        Box::pin(async move { asked?.await.unwrap_or(Err(StoreError::Closed)) })
    }

    fn backup(&self, to: PathBuf) -> BoxFuture<'_, Result<BackupReport, BackupError>> {
        let (from, lock_wait) = (self.path.clone(), self.options.lock_wait);
        let (reply, report) = oneshot::channel();
        // A thread of its own: a copy takes as long as the disk needs, and the readers have others to answer.
        let spawned = spawn(&self.path, "store-backup", move || {
            let _ = reply.send(backup::backup(&from, &to, lock_wait));
        });
        Box::pin(async move {
            if spawned.is_err() {
                return Err(StoreError::Closed.into());
            }
            report.await.unwrap_or(Err(StoreError::Closed.into()))
        })
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        let ended = |thread: JoinHandle<()>| {
            if thread.join().is_err() {
                tracing::error!(path = %self.path.display(), "a thread of the store has failed");
            }
        };
        // Said before the log goes: a kill in between leaves one that is its own.
        let alone = self.pair.unseal(&self.path);
        self.log_may_go.store(alone, Ordering::Release);
        // Readers first: a connection that only reads, closed last, would leave the log behind.
        self.readers = None;
        self.reading.drain(..).for_each(ended);
        self.jobs = None;
        self.writing.take().into_iter().for_each(ended);
    }
}

fn spawn(
    path: &Path,
    name: &str,
    work: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>, OpenError> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map_err(|error| OpenError::Path {
            path: path.to_owned(),
            why: format!("no thread: {error}"),
        })
}

#[cfg(test)]
mod open_tests;
