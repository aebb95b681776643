//! Shape of a ClickHouse table that is derived at run time (from an IDL), and rows on their way to one.

use std::fmt::Write as _;

use bytes::Bytes;

/// Slots per partition: one Solana epoch, so that a partition is also a unit of audit.
pub const PARTITION_SLOTS: u64 = 432_000;

/// Settings of every table that batches are written to: an insert is answered after its part is on disk, and
/// deduplication tokens are remembered.
pub const TABLE_SETTINGS: &str =
    "fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 1000";

/// The columns that every row of a chain table starts with, and its sorting key's source.
pub const IDENTITY: [(&str, &str); 7] = [
    ("slot", "UInt64"),
    ("tx_index", "UInt32"),
    ("outer_ix", "UInt16"),
    ("inner_ix", "Int32"),
    ("ordinal", "UInt32"),
    ("signature", "FixedString(64)"),
    ("block_time", "DateTime('UTC')"),
];

/// Sorting key of tables that start with [`IDENTITY`].
pub const IDENTITY_KEY: [&str; 5] = ["slot", "tx_index", "outer_ix", "inner_ix", "ordinal"];

/// The columns that every row of an account table starts with, and its sorting key's source.
pub const ACCOUNT_IDENTITY: [(&str, &str); 3] = [
    ("pubkey", "FixedString(32)"),
    ("slot", "UInt64"),
    ("write_version", "UInt64"),
];

/// Sorting key of tables that start with [`ACCOUNT_IDENTITY`].
pub const ACCOUNT_KEY: [&str; 3] = ["pubkey", "slot", "write_version"];

/// One column, as DDL writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Name, unquoted.
    pub name: String,
    /// ClickHouse type, e.g. `FixedString(32)`.
    pub kind: String,
}

/// A table whose columns come from an IDL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSpec {
    /// Name, unquoted.
    pub name: String,
    /// All columns in order, identity first.
    pub columns: Vec<Column>,
    /// Sorting key, a list of column names.
    pub order_by: Vec<String>,
}

impl TableSpec {
    /// Whether its rows are observations of accounts: outside the ledger, and one that arrives twice counts once.
    #[must_use]
    pub fn is_of_observations(&self) -> bool {
        self.order_by.first().map(String::as_str) == Some(ACCOUNT_KEY[0])
    }

    /// `CREATE TABLE IF NOT EXISTS` for this table.
    #[must_use]
    pub fn create_sql(&self) -> String {
        let mut sql = format!("CREATE TABLE IF NOT EXISTS {} (\n", quote(&self.name));
        for (i, column) in self.columns.iter().enumerate() {
            let comma = if i + 1 < self.columns.len() { "," } else { "" };
            let _ = writeln!(sql, "    {} {}{comma}", quote(&column.name), column.kind);
        }
        let key: Vec<String> = self.order_by.iter().map(|name| quote(name)).collect();
        let engine = if self.is_of_observations() {
            "ReplacingMergeTree"
        } else {
            "MergeTree"
        };
        let _ = write!(
            sql,
            ") ENGINE = {engine} PARTITION BY intDiv(slot, {PARTITION_SLOTS}) ORDER BY ({}) SETTINGS {TABLE_SETTINGS}",
            key.join(", ")
        );
        sql
    }
}

/// Rows of one table, encoded as one block of ClickHouse's `Native` format, sorted by the table's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableRows {
    /// Name of the table.
    pub table: String,
    /// Number of rows in `native`.
    pub rows: u64,
    /// The block: column count, row count, then name, type and data of each column. Shared, so that sending it again
    /// copies nothing.
    pub native: Bytes,
}

/// Quotes an identifier for ClickHouse.
#[must_use]
pub fn quote(name: &str) -> String {
    format!("`{}`", name.replace('\\', "\\\\").replace('`', "\\`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_stay_inside_their_quotes() {
        assert_eq!(quote("a`b\\"), "`a\\`b\\\\`");
    }

    #[test]
    fn create_statement_names_every_column_and_the_key() {
        let spec = TableSpec {
            name: "ev_x_Y".into(),
            columns: vec![
                Column {
                    name: "slot".into(),
                    kind: "UInt64".into(),
                },
                Column {
                    name: "who".into(),
                    kind: "FixedString(32)".into(),
                },
            ],
            order_by: vec!["slot".into()],
        };
        assert_eq!(
            spec.create_sql(),
            "CREATE TABLE IF NOT EXISTS `ev_x_Y` (\n    `slot` UInt64,\n    `who` FixedString(32)\n) \
             ENGINE = MergeTree PARTITION BY intDiv(slot, 432000) ORDER BY (`slot`) SETTINGS \
             fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 1000"
        );
    }
}
