//! Rows on their way to tables.

use std::sync::Arc;

use hypernode_schemas::table::TableRows;

use crate::column::{Head, Table};
use crate::core_tables;
use crate::decode::Decoder;
use crate::scan::{Node, Scanner};

/// Column buffers for every table of one [`Decoder`], filled block by block in slot order.
#[derive(Debug)]
pub struct Rows {
    /// Core tables, then the typed ones.
    pub(crate) tables: Vec<Table>,
    pub(crate) scanner: Scanner,
    /// Numbers of a transaction's records, and of its calls, in the order of their rows.
    pub(crate) order: Vec<u32>,
    pub(crate) calls: Vec<u32>,
    /// The buffer of instruction trees: empty between blocks.
    pub(crate) nodes: Vec<Node<'static>>,
    heads: Arc<[Arc<Head>]>,
}

impl Rows {
    /// Empty rows for the tables of `decoder`; they must only be filled by it.
    #[must_use]
    pub fn new(decoder: &Decoder) -> Self {
        let heads = decoder.heads();
        Self {
            tables: heads.iter().cloned().map(Table::new).collect(),
            scanner: Scanner::default(),
            order: Vec::new(),
            calls: Vec::new(),
            nodes: Vec::new(),
            heads: Arc::clone(heads),
        }
    }

    /// Rows in all tables together.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(Table::rows).sum()
    }

    /// Rows of the `transactions` table.
    #[must_use]
    pub fn transactions(&self) -> u64 {
        self.tables
            .get(core_tables::T_TRANSACTIONS)
            .map_or(0, Table::rows)
    }

    /// Whether no table has a row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tables.iter().all(|table| table.rows() == 0)
    }

    /// One `Native` block per table that has rows: core tables first, then typed ones in IDL order.
    #[must_use]
    pub fn finish(mut self) -> Vec<TableRows> {
        self.take()
    }

    /// As [`Rows::finish`], leaving empty rows whose buffers are reused.
    pub fn take(&mut self) -> Vec<TableRows> {
        self.tables.iter_mut().filter_map(Table::take).collect()
    }

    /// Forgets all rows.
    pub fn clear(&mut self) {
        self.tables.iter_mut().for_each(Table::clear);
    }

    /// Whether these rows were made for that decoder.
    pub(crate) fn belongs_to(&self, decoder: &Decoder) -> bool {
        Arc::ptr_eq(&self.heads, decoder.heads())
    }
}
