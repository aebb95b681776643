//! Carrying out one operation or query on a connection.

use rusqlite::{Params, Row};

use super::db::Db;
use super::{
    accounts, budgets, credits, cursors, idempotency, jobs, leases, nodes, outbox, receipts, sends,
    tasks,
};
use crate::error::Refusal;
use crate::ids::UnixMs;
use crate::unit::{Answer, Op, Query, Reply};

/// Why an operation went no further.
#[derive(Debug)]
pub(super) enum Stop {
    /// Its precondition does not hold.
    Refused(Refusal),
    /// The same, and the stale fence is recorded once the unit is undone.
    Stale(Refusal, StaleTry),
    /// SQLite failed.
    Sql(rusqlite::Error),
}

/// A stale fence that was tried.
#[derive(Debug, Clone, Copy)]
pub(super) struct StaleTry {
    pub(super) seq: i64,
    pub(super) fence: u64,
    pub(super) at: UnixMs,
}

impl From<rusqlite::Error> for Stop {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl<R: Into<Refusal>> From<R> for Stop {
    fn from(why: R) -> Self {
        Self::Refused(why.into())
    }
}

/// A database within a transaction.
pub(super) struct Cx<'d, 'c> {
    pub(super) db: &'d Db<'c>,
    /// Idempotency attempts that this unit began.
    pub(super) begun: Vec<u64>,
}

impl<'d, 'c> Cx<'d, 'c> {
    pub(super) fn new(db: &'d Db<'c>) -> Self {
        Self {
            db,
            begun: Vec::new(),
        }
    }

    /// How many rows a statement changed.
    pub(super) fn execute(
        &self,
        sql: &'static str,
        params: impl Params,
    ) -> rusqlite::Result<usize> {
        self.db.execute(sql, params)
    }

    /// The first row, if there is one.
    pub(super) fn first<T>(
        &self,
        sql: &'static str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Option<T>> {
        self.db.first(sql, params, read)
    }

    /// Notes a change that cached decisions about accounts rest on.
    pub(super) fn accounts_changed(&self) -> rusqlite::Result<()> {
        let sql = "UPDATE counters SET value = value + 1 WHERE name = 'accounts_version'";
        self.execute(sql, []).map(drop)
    }
}

/// Carries out one operation.
pub(super) fn run(cx: &mut Cx<'_, '_>, op: &Op) -> Result<Reply, Stop> {
    match op {
        Op::Task(op) => tasks::run(cx, op).map(Reply::Task),
        Op::Outbox(op) => outbox::run(cx, op).map(Reply::Outbox),
        Op::Idempotency(op) => idempotency::run(cx, op).map(Reply::Idempotency),
        Op::Lease(op) => leases::run(cx, op).map(Reply::Lease),
        Op::Account(op) => accounts::run(cx, op).map(Reply::Account),
        Op::Job(op) => jobs::run(cx, op).map(Reply::Job),
        Op::Credit(op) => credits::run(cx, op).map(Reply::Credit),
        Op::Budget(op) => budgets::run(cx, op).map(Reply::Budget),
        Op::Node(op) => nodes::run(cx, op).map(Reply::Node),
        Op::Receipt(op) => receipts::run(cx, op).map(Reply::Receipt),
        Op::Cursor(op) => cursors::run(cx, op).map(Reply::Cursor),
        Op::Send(op) => sends::run(cx, op).map(Reply::Send),
    }
}

/// Answers one query.
pub(super) fn ask(db: &Db<'_>, query: &Query) -> rusqlite::Result<Answer> {
    match query {
        Query::Task(query) => tasks::ask(db, query).map(Answer::Task),
        Query::Outbox(query) => outbox::ask(db, query).map(Answer::Outbox),
        Query::Idempotency(query) => idempotency::ask(db, query).map(Answer::Idempotency),
        Query::Lease(query) => leases::ask(db, query).map(Answer::Lease),
        Query::Account(query) => accounts::ask(db, query).map(Answer::Account),
        Query::Job(query) => jobs::ask(db, query).map(Answer::Job),
        Query::Credit(query) => credits::ask(db, query).map(Answer::Credit),
        Query::Budget(query) => budgets::ask(db, query).map(Answer::Budget),
        Query::Node(query) => nodes::ask(db, query).map(Answer::Node),
        Query::Receipt(query) => receipts::ask(db, query).map(Answer::Receipt),
        Query::Cursor(query) => cursors::ask(db, query).map(Answer::Cursor),
        Query::Send(query) => sends::ask(db, query).map(Answer::Send),
    }
}
