//! Threads that read, each with a connection of its own.

use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use futures::channel::oneshot;
use rusqlite::Connection;

use super::connect::{open_error, reader};
use super::db::Db;
use super::options::Options;
use super::{exec, fault};
use crate::error::{OpenError, StoreError};
use crate::unit::{Answer, Query};

type Outcome = Result<Answer, StoreError>;

struct Job {
    query: Query,
    reply: oneshot::Sender<Outcome>,
}

/// The way to the readers.
#[derive(Debug, Clone)]
pub(super) struct Readers {
    jobs: Sender<Job>,
}

impl Readers {
    /// Opens the connections and starts their threads, which end when the last sender is gone.
    pub(super) fn start(
        path: &Path,
        options: &Options,
    ) -> Result<(Self, Vec<JoinHandle<()>>), OpenError> {
        let (jobs, waiting) = bounded(options.queue.max(1));
        let mut threads = Vec::new();
        for number in 0..options.readers.max(1) {
            let conn = reader(path, options.lock_wait)
                .map_err(|error| open_error(path, &error, options))?;
            let work = Reader {
                conn,
                path: path.to_owned(),
                jobs: waiting.clone(),
                lock_wait: options.lock_wait,
            };
            threads.push(super::spawn(
                path,
                &format!("store-read-{number}"),
                move || work.run(),
            )?);
        }
        Ok((Self { jobs }, threads))
    }

    /// Queues a query.
    pub(super) fn ask(&self, query: Query) -> Result<oneshot::Receiver<Outcome>, StoreError> {
        query.check()?;
        let (reply, answer) = oneshot::channel();
        match self.jobs.try_send(Job { query, reply }) {
            Ok(()) => Ok(answer),
            Err(TrySendError::Full(_)) => Err(StoreError::Busy {
                waiting: self.jobs.len(),
            }),
            Err(TrySendError::Disconnected(_)) => Err(StoreError::Closed),
        }
    }
}

struct Reader {
    conn: Connection,
    path: PathBuf,
    jobs: Receiver<Job>,
    lock_wait: Duration,
}

impl Reader {
    fn run(self) {
        let db = Db::new(&self.conn);
        for job in &self.jobs {
            // Nobody waits for it any more.
            if job.reply.is_canceled() {
                continue;
            }
            let answer = exec::ask(&db, &job.query)
                .map_err(|error| fault::store_error(&self.path, &error, self.lock_wait));
            let _ = job.reply.send(answer);
        }
    }
}
