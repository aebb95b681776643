//! Carrying out one operation or query on a connection.

use rusqlite::{Connection, OptionalExtension, Params, Row};

use super::{accounts, idempotency, leases, outbox, tasks};
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

/// A connection within a transaction.
pub(super) struct Cx<'c> {
    pub(super) conn: &'c Connection,
    /// Idempotency attempts that this unit began.
    pub(super) begun: Vec<u64>,
}

impl<'c> Cx<'c> {
    pub(super) fn new(conn: &'c Connection) -> Self {
        Self {
            conn,
            begun: Vec::new(),
        }
    }

    /// How many rows a statement changed.
    pub(super) fn execute(&self, sql: &str, params: impl Params) -> rusqlite::Result<usize> {
        self.conn.prepare_cached(sql)?.execute(params)
    }

    /// The first row, if there is one.
    pub(super) fn first<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Option<T>> {
        first(self.conn, sql, params, read)
    }

    /// Notes a change that cached decisions about accounts rest on.
    pub(super) fn accounts_changed(&self) -> rusqlite::Result<()> {
        let sql = "UPDATE counters SET value = value + 1 WHERE name = 'accounts_version'";
        self.execute(sql, []).map(drop)
    }
}

/// The first row of a query, if there is one.
pub(super) fn first<T>(
    conn: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Option<T>> {
    conn.prepare_cached(sql)?.query_row(params, read).optional()
}

/// All rows of a query; callers bound their number in the SQL.
pub(super) fn all<T>(
    conn: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    conn.prepare_cached(sql)?.query_map(params, read)?.collect()
}

/// Carries out one operation.
pub(super) fn run(cx: &mut Cx<'_>, op: &Op) -> Result<Reply, Stop> {
    match op {
        Op::Task(op) => tasks::run(cx, op).map(Reply::Task),
        Op::Outbox(op) => outbox::run(cx, op).map(Reply::Outbox),
        Op::Idempotency(op) => idempotency::run(cx, op).map(Reply::Idempotency),
        Op::Lease(op) => leases::run(cx, op).map(Reply::Lease),
        Op::Account(op) => accounts::run(cx, op).map(Reply::Account),
    }
}

/// Answers one query.
pub(super) fn ask(conn: &Connection, query: &Query) -> rusqlite::Result<Answer> {
    match query {
        Query::Task(query) => tasks::ask(conn, query).map(Answer::Task),
        Query::Outbox(query) => outbox::ask(conn, query).map(Answer::Outbox),
        Query::Idempotency(query) => idempotency::ask(conn, query).map(Answer::Idempotency),
        Query::Lease(query) => leases::ask(conn, query).map(Answer::Lease),
        Query::Account(query) => accounts::ask(conn, query).map(Answer::Account),
    }
}
