//! A connection with its prepared statements, found by where their text lies.
//!
//! Texts are constants of this program, so that their address says which one it is: finding a statement costs no hashing
//! of its text. Equal texts at two addresses are merely prepared twice.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use rusqlite::{Connection, OptionalExtension, Params, Row, Statement};

/// What operations and queries run on.
pub(super) struct Db<'c> {
    conn: &'c Connection,
    /// `None` while it is lent out.
    prepared: RefCell<BTreeMap<(usize, usize), Option<Statement<'c>>>>,
}

impl<'c> Db<'c> {
    pub(super) fn new(conn: &'c Connection) -> Self {
        Self {
            conn,
            prepared: RefCell::default(),
        }
    }

    /// Lends a statement out. One that is lent out already is prepared anew.
    fn with<T>(
        &self,
        sql: &'static str,
        work: impl FnOnce(&mut Statement<'c>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let place = (sql.as_ptr() as usize, sql.len());
        let mut statement = match self.take(place) {
            Some(statement) => statement,
            None => self.conn.prepare(sql)?,
        };
        let result = work(&mut statement);
        match self.prepared.borrow_mut().entry(place) {
            Entry::Occupied(mut entry) => *entry.get_mut() = Some(statement),
            Entry::Vacant(entry) => {
                entry.insert(Some(statement));
            }
        }
        result
    }

    fn take(&self, place: (usize, usize)) -> Option<Statement<'c>> {
        self.prepared.borrow_mut().get_mut(&place)?.take()
    }

    /// How many rows a statement changed.
    pub(super) fn execute(
        &self,
        sql: &'static str,
        params: impl Params,
    ) -> rusqlite::Result<usize> {
        self.with(sql, |statement| statement.execute(params))
    }

    /// The first row of a query, if there is one.
    pub(super) fn first<T>(
        &self,
        sql: &'static str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Option<T>> {
        self.with(sql, |statement| {
            statement.query_row(params, read).optional()
        })
    }

    /// All rows of a query; callers bound their number in the SQL.
    pub(super) fn all<T>(
        &self,
        sql: &'static str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Vec<T>> {
        self.with(sql, |statement| {
            statement.query_map(params, read)?.collect()
        })
    }

    /// Several statements over one moment; for readers alone, for it ends what it began with.
    pub(super) fn snapshot<T>(
        &self,
        work: impl FnOnce(&Self) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        self.execute("BEGIN", [])?;
        let result = work(self);
        self.execute("COMMIT", [])?;
        result
    }

    /// The number of the row that was inserted last.
    pub(super) fn last_row(&self) -> i64 {
        self.conn.last_insert_rowid()
    }

    /// How many rows were changed since the connection was opened, also by what was undone.
    pub(super) fn changes(&self) -> u64 {
        self.conn.total_changes()
    }
}
