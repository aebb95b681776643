//! What can go wrong, where, and what to do.

use std::path::PathBuf;
use std::time::Duration;

use crate::accounts::AccountRefusal;
use crate::budgets::BudgetRefusal;
use crate::credits::CreditRefusal;
use crate::cursors::CursorRefusal;
use crate::idempotency::IdempotencyRefusal;
use crate::jobs::JobRefusal;
use crate::leases::LeaseRefusal;
use crate::nodes::NodeRefusal;
use crate::outbox::OutboxRefusal;
use crate::receipts::ReceiptRefusal;
use crate::sends::SendRefusal;
use crate::tasks::TaskRefusal;

/// Why an operation's precondition does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Of the queue.
    #[error(transparent)]
    Task(#[from] TaskRefusal),
    /// Of the outbox.
    #[error(transparent)]
    Outbox(#[from] OutboxRefusal),
    /// Of an idempotency key.
    #[error(transparent)]
    Idempotency(#[from] IdempotencyRefusal),
    /// Of a named lease.
    #[error(transparent)]
    Lease(#[from] LeaseRefusal),
    /// Of an account.
    #[error(transparent)]
    Account(#[from] AccountRefusal),
    /// Of a job.
    #[error(transparent)]
    Job(#[from] JobRefusal),
    /// Of a credit.
    #[error(transparent)]
    Credit(#[from] CreditRefusal),
    /// Of a budget.
    #[error(transparent)]
    Budget(#[from] BudgetRefusal),
    /// Of a node or its token.
    #[error(transparent)]
    Node(#[from] NodeRefusal),
    /// Of a match receipt or a day's secret.
    #[error(transparent)]
    Receipt(#[from] ReceiptRefusal),
    /// Of a cursor.
    #[error(transparent)]
    Cursor(#[from] CursorRefusal),
    /// Of a transaction on its way.
    #[error(transparent)]
    Send(#[from] SendRefusal),
}

/// Why a unit or a query failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// An operation's precondition does not hold; the whole unit left no trace.
    #[error("operation {index} was refused: {why}")]
    Refused {
        /// The operation's place in the unit, from 0.
        index: usize,
        /// The precondition.
        why: Refusal,
    },
    /// An argument is out of range: the caller's mistake.
    #[error("operation {index}: `{field}` must {must}")]
    Invalid {
        /// The operation's place in the unit, from 0.
        index: usize,
        /// The argument.
        field: &'static str,
        /// What it must be.
        must: String,
    },
    /// More waits than the queue may hold. Ask again later.
    #[error("the store is busy: {waiting} wait already; ask again in a moment")]
    Busy {
        /// Units or queries that wait.
        waiting: usize,
    },
    /// Another process held the database longer than we wait.
    #[error(
        "{path}: another process has been writing for {} ms; end it or ask again",
        waited.as_millis()
    )]
    Locked {
        /// The database.
        path: PathBuf,
        /// How long was waited.
        waited: Duration,
    },
    /// No room on the disk, or the database reached its allowed size.
    #[error("{path}: the disk is full; make room, the store goes on by itself then")]
    DiskFull {
        /// The database.
        path: PathBuf,
    },
    /// The disk failed in the middle of a commit: whether the unit is there is only known after the next open.
    #[error("{path}: the disk fails ({detail}); look at the system's log, then start again")]
    Io {
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        detail: String,
    },
    /// What was read is not what was written.
    #[error(
        "{path}: the database is damaged ({detail}); stop the instance and restore a backup (`hypernode state restore --from FILE`)"
    )]
    Corrupt {
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        detail: String,
    },
    /// A statement failed in a way that no input should bring about.
    #[error("{path}: {detail}; this is a defect of the program, please report it")]
    Defect {
        /// The database.
        path: PathBuf,
        /// What failed.
        detail: String,
    },
    /// The store was closed, or its thread ended.
    #[error("the store is closed")]
    Closed,
    /// A reply was asked for that is not there: the caller's mistake.
    #[error("operation {index} has no such reply")]
    NoReply {
        /// The place that was asked for.
        index: usize,
    },
}

impl StoreError {
    /// The refused precondition, if that is what it is.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused { why, .. } => Some(why),
            _ => None,
        }
    }
}

/// Why a store did not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The folder or file cannot be made or opened.
    #[error(
        "{path}: cannot be opened ({why}); check that the folder exists and belongs to this user"
    )]
    Path {
        /// File or folder.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
    /// Nothing can be written there.
    #[error(
        "{path}: cannot be written ({why}): the store writes in {folder}, also to read; give this user the right to, or name another directory"
    )]
    ReadOnly {
        /// File or folder.
        path: PathBuf,
        /// The folder that it is in.
        folder: PathBuf,
        /// What the system said.
        why: String,
    },
    /// The database was there before and is gone, or empty.
    #[error(
        "{path}: is gone or empty, though there was a database before ({pair} says so): restore a backup (`hypernode state restore --from FILE`), or put the file back; to begin again without any accounts, remove {pair}"
    )]
    Lost {
        /// The database.
        path: PathBuf,
        /// What says so.
        pair: PathBuf,
    },
    /// The log beside the database is another one's: a copy was put in the database's place.
    #[error(
        "{path}: the log beside it ({path}-wal) is not of this database, and would spoil it: was a copy put in its place? To use what is in {path}, move {path}-wal, {path}-shm and {path}-pair away; to put a backup in place, use `hypernode state restore --from FILE`"
    )]
    StrangeLog {
        /// The database.
        path: PathBuf,
    },
    /// A process was killed, and the log that it left is gone.
    #[error(
        "{path}: its log ({path}-wal) is gone, though whoever had it open did not close it: what was acknowledged last is lost unless the log is put back; to go on with what is in {path} itself, remove {pair}"
    )]
    LogGone {
        /// The database.
        path: PathBuf,
        /// What says so.
        pair: PathBuf,
    },
    /// The log does not check somewhere, and what was acknowledged lies behind.
    #[error(
        "{path}: its log ({path}-wal) is damaged: {commits} commits of it can be read, {lost} lie behind a place that cannot. Put a sound copy of the log back, or restore a backup; to go on with what can be read, `hypernode state restore --from {path}` (what is there now is kept beside it)"
    )]
    DamagedLog {
        /// The database.
        path: PathBuf,
        /// Commits that can be read.
        commits: usize,
        /// Commits that cannot.
        lost: usize,
    },
    /// The file is no SQLite database.
    #[error("{path}: not a database; move the file away, or name another one")]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// A database of another program.
    #[error("{path}: a database of another program (application id {found}); name another file")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Its application id, 0 if it states none.
        found: i32,
    },
    /// Migrated by a newer program.
    #[error(
        "{path}: made by a newer program (migration {found}, this one knows {known}); start that program, or restore a backup made before it ran (`hypernode state restore --from FILE`)"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its newest migration.
        found: u32,
        /// The newest one of this program.
        known: u32,
    },
    /// A migration that was applied differs from this program's.
    #[error(
        "{path}: migration {id} ({name}) was applied with another text; start the program that made the database, or restore a backup (`hypernode state restore --from FILE`)"
    )]
    Changed {
        /// The file.
        path: PathBuf,
        /// The migration.
        id: u32,
        /// Its name in this program.
        name: String,
    },
    /// A migration was never applied although a later one was.
    #[error(
        "{path}: migration {id} ({name}) is missing though later ones were applied; restore a backup (`hypernode state restore --from FILE`)"
    )]
    Gap {
        /// The file.
        path: PathBuf,
        /// The migration.
        id: u32,
        /// Its name.
        name: String,
    },
    /// A migration failed; it left no trace.
    #[error("{path}: migration {id} ({name}) failed: {detail}; the database is as it was")]
    Migration {
        /// The file.
        path: PathBuf,
        /// The migration.
        id: u32,
        /// Its name.
        name: String,
        /// What SQLite said.
        detail: String,
    },
    /// Locked, full, failing or damaged.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why there is no backup.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BackupError {
    /// Something is there already; it was left alone.
    #[error("{path}: exists already; name another file")]
    TargetExists {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be made.
    #[error("{path}: cannot be written ({why})")]
    Target {
        /// File or folder.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
    /// No room for the copy; what there was of it was removed.
    #[error(
        "{path}: no room on the disk for the copy; nothing of it is left, and the store is as it was: make room, or name a file on another disk"
    )]
    NoRoom {
        /// The file.
        path: PathBuf,
    },
    /// The copy was made and is not sound; it was removed.
    #[error(
        "{path}: the copy failed its check ({detail}) and was removed; the store itself may be damaged"
    )]
    Unsound {
        /// The file.
        path: PathBuf,
        /// What the check said.
        detail: String,
    },
    /// Reading the store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why nothing was restored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// What was named holds nothing.
    #[error(
        "{path}: no backup: it is missing, empty, or a database that was never used; name what `hypernode state backup` wrote"
    )]
    NoCopy {
        /// The file.
        path: PathBuf,
    },
    /// The database is in use.
    #[error("{path}: in use by another process; stop it first")]
    InUse {
        /// The database.
        path: PathBuf,
    },
    /// What is there cannot be put aside.
    #[error("{path}: cannot be put aside ({why}); everything is as it was")]
    Aside {
        /// The file.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
    /// The backup cannot be read, or not by this program.
    #[error("not restored, for the backup cannot be used: {0}")]
    From(#[from] OpenError),
    /// The backup does not pass its check.
    #[error("{path}: the backup is damaged ({detail}); nothing was changed: restore another one")]
    Unsound {
        /// The backup.
        path: PathBuf,
        /// What the check said.
        detail: String,
    },
    /// The copy was not made.
    #[error(transparent)]
    Copy(#[from] BackupError),
}
