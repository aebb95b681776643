//! The one thread that writes: units share commits, and replies follow the commit.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, TryRecvError};
use futures::channel::oneshot;
use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::checkpoint::Checkpoint;
use super::db::Db;
use super::exec::{self, Cx, StaleTry, Stop};
use super::fault;
use super::gate::Gate;
use super::options::Options;
use super::{pair, tasks};
use crate::error::{Refusal, StoreError};
use crate::seldom::Seldom;
use crate::unit::{Op, Replies, Reply, Unit};

/// A unit on its way.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) unit: Unit,
    pub(super) bytes: usize,
    pub(super) reply: oneshot::Sender<Outcome>,
}

/// What becomes of a unit.
type Outcome = Result<Replies, StoreError>;

pub(super) struct Writer {
    pub(super) path: PathBuf,
    pub(super) options: Options,
    pub(super) jobs: Receiver<Job>,
    /// Bytes of the units that wait or are under way, shared with those who add to them.
    pub(super) bytes: Arc<AtomicUsize>,
    pub(super) gate: Gate,
    pub(super) checkpoint: Checkpoint,
    /// Whether nobody else has the database open, known when it is closed: the log of one that is open stays.
    pub(super) log_may_go: Arc<AtomicBool>,
    /// One that did not fit into the commit before.
    pub(super) left_over: Option<Job>,
    pub(super) told: Seldom,
}

/// Units of one commit with what is to be answered, and the failure that ended it, if one did.
#[derive(Default)]
struct Group {
    done: Vec<(Job, Outcome)>,
    broken: Option<(Job, rusqlite::Error)>,
}

impl Writer {
    /// Works until nobody can send any more.
    pub(super) fn run(mut self, conn: &Connection) {
        let db = Db::new(conn);
        while let Some(first) = self.left_over.take().or_else(|| self.jobs.recv().ok()) {
            if let Err(error) = self.gate.begin(conn) {
                self.refuse_waiting(first, &error);
                continue;
            }
            let group = self.gather(&db, first);
            self.finish(conn, &db, group);
            self.checkpoint.after_commit(conn);
        }
        self.close(conn);
    }

    /// Leaves one file. What cannot be copied now, since others read or the disk is full, is as safe in the log.
    fn close(&self, conn: &Connection) {
        if !self.log_may_go.load(Ordering::Acquire) {
            // Nor does SQLite take it away, if this turns out to be the last connection after all.
            let kept = conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
            if let Err(error) = kept {
                tracing::warn!(%error, path = %self.path.display(), "the store's log may go too early");
            }
            return;
        }
        if let Err(error) = pair::fold(conn) {
            tracing::warn!(%error, path = %self.path.display(), "the store's log stays: the next start copies it into the database");
        }
    }

    /// Carries units out while more are waiting, within the bounds of a commit.
    fn gather(&mut self, db: &Db<'_>, first: Job) -> Group {
        let begun = Instant::now();
        let mut group = Group::default();
        let mut ops = 0;
        let mut next = Some(first);
        while let Some(job) = next.take() {
            ops += job.unit.ops().len();
            match carry_out(db, &job.unit) {
                Ok(outcome) => group.done.push((job, outcome)),
                Err(error) => {
                    group.broken = Some((job, error));
                    break;
                }
            }
            if ops >= self.options.group_ops || begun.elapsed() >= self.options.group_time {
                break;
            }
            next = match self.jobs.try_recv() {
                Ok(job) if ops + job.unit.ops().len() > self.options.group_ops => {
                    self.left_over = Some(job);
                    None
                }
                Ok(job) => Some(job),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => None,
            };
        }
        group
    }

    /// Commits and answers. If that fails nothing of the group is there, and what can be is done one by one.
    fn finish(&mut self, conn: &Connection, db: &Db<'_>, group: Group) {
        let Group { done, broken } = group;
        let (error, again) = match broken {
            None => match conn.execute_batch("COMMIT") {
                Ok(()) => return self.answer(done),
                Err(error) => (
                    error,
                    done.into_iter().map(|(job, _)| job).collect::<Vec<_>>(),
                ),
            },
            Some((job, error)) => {
                let earlier = done.into_iter().map(|(job, _)| job);
                (error, earlier.chain([job]).collect())
            }
        };
        self.roll_back(conn);
        let failure = self.failure(&error);
        if self.told.now() {
            tracing::warn!(units = again.len(), error = %failure, "a commit of the store failed");
        }
        // Room may suffice for some, and a failing statement is one unit's. A failing disk is everybody's.
        let one_by_one = matches!(
            failure,
            StoreError::DiskFull { .. } | StoreError::Defect { .. }
        );
        let alone = again.len() == 1;
        for job in again {
            let outcome = if one_by_one && !alone {
                self.on_its_own(conn, db, &job.unit)
            } else {
                Err(failure.clone())
            };
            self.answer(vec![(job, outcome)]);
        }
    }

    /// A unit in a commit of its own.
    fn on_its_own(&mut self, conn: &Connection, db: &Db<'_>, unit: &Unit) -> Outcome {
        let attempt = self
            .gate
            .begin(conn)
            .and_then(|()| carry_out(db, unit))
            .and_then(|outcome| conn.execute_batch("COMMIT").map(|()| outcome));
        attempt.unwrap_or_else(|error| {
            self.roll_back(conn);
            Err(self.failure(&error))
        })
    }

    /// Ends a transaction that failed; SQLite may have ended it already.
    fn roll_back(&self, conn: &Connection) {
        if conn.is_autocommit() {
            return;
        }
        if let Err(error) = conn.execute_batch("ROLLBACK") {
            tracing::error!(%error, path = %self.path.display(), "the store cannot roll back");
        }
    }

    fn failure(&self, error: &rusqlite::Error) -> StoreError {
        fault::store_error(&self.path, error, self.options.lock_wait)
    }

    fn answer(&self, done: Vec<(Job, Outcome)>) {
        for (job, outcome) in done {
            self.bytes.fetch_sub(job.bytes, Ordering::Relaxed);
            // Whoever no longer listens has given up on the answer.
            let _ = job.reply.send(outcome);
        }
    }

    /// Those who waited in the queue have waited as long as the first: they are told together.
    fn refuse_waiting(&mut self, first: Job, error: &rusqlite::Error) {
        let failure = self.failure(error);
        let waiting = self.jobs.len();
        let jobs: Vec<Job> = std::iter::once(first)
            .chain(self.jobs.try_iter().take(waiting))
            .collect();
        let outcomes = jobs.into_iter().map(|job| (job, Err(failure.clone())));
        self.answer(outcomes.collect());
    }
}

/// Carries a unit out. The outer error is SQLite's: the transaction is then lost.
fn carry_out(db: &Db<'_>, unit: &Unit) -> rusqlite::Result<Outcome> {
    match unit.ops() {
        [op] => alone(db, op),
        ops => together(db, ops),
    }
}

/// One operation needs no savepoint, since each tests its precondition before it changes anything: a refused one has
/// nothing to undo. That is looked at, for a savepoint's copies of pages are a fifth of the writer's time.
fn alone(db: &Db<'_>, op: &Op) -> rusqlite::Result<Outcome> {
    let before = db.changes();
    match exec::run(&mut Cx::new(db), op) {
        Ok(reply) => Ok(Ok(Replies::new(vec![reply]))),
        Err(Stop::Sql(error)) => Err(error),
        Err(Stop::Refused(_) | Stop::Stale(..)) if db.changes() != before => {
            Err(rusqlite::Error::StatementChangedRows(1))
        }
        Err(Stop::Refused(why)) => refuse(db, 0, why, None),
        Err(Stop::Stale(why, tried)) => refuse(db, 0, why, Some(tried)),
    }
}

/// Several operations under a savepoint, which undoes those before a refused one.
fn together(db: &Db<'_>, ops: &[Op]) -> rusqlite::Result<Outcome> {
    db.execute("SAVEPOINT unit", [])?;
    let (index, why, tried) = match operations(db, ops) {
        Ok(replies) => {
            db.execute("RELEASE unit", [])?;
            return Ok(Ok(Replies::new(replies)));
        }
        Err((_, Stop::Sql(error))) => return Err(error),
        Err((index, Stop::Refused(why))) => (index, why, None),
        Err((index, Stop::Stale(why, tried))) => (index, why, Some(tried)),
    };
    db.execute("ROLLBACK TO unit", [])?;
    db.execute("RELEASE unit", [])?;
    refuse(db, index, why, tried)
}

/// Names the refused operation; a stale fence is recorded in the same commit as all that is answered.
fn refuse(
    db: &Db<'_>,
    index: usize,
    why: Refusal,
    tried: Option<StaleTry>,
) -> rusqlite::Result<Outcome> {
    if let Some(tried) = tried {
        tasks::record_stale(db, tried)?;
    }
    Ok(Err(StoreError::Refused { index, why }))
}

fn operations(db: &Db<'_>, ops: &[Op]) -> Result<Vec<Reply>, (usize, Stop)> {
    let mut cx = Cx::new(db);
    ops.iter()
        .enumerate()
        .map(|(index, op)| exec::run(&mut cx, op).map_err(|stop| (index, stop)))
        .collect()
}

/// Sets the connection up for a writer's thread: the gate waits, not SQLite.
pub(super) fn prepare(conn: &Connection) -> rusqlite::Result<()> {
    conn.busy_timeout(Duration::ZERO)
}
