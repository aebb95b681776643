//! Row counts and checksums of slot ranges, computed by the engine over what is stored.
//!
//! A checksum is the sum (modulo 2^64) over rows of a 64-bit hash of all columns. `cityHash64` of a NULL is NULL
//! and would drop the row out of the sum, so columns that can hold one, and nested ones, are hashed through
//! their binary form, in which every value has bytes of its own.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use hypernode_schemas::table::quote;

use crate::client::{Client, WarehouseError};
use crate::ledger::Sums;
use crate::literal::string;

/// Checksum expressions by table, read from the schema once.
#[derive(Debug, Default)]
pub(crate) struct SumCache {
    by_table: Mutex<HashMap<String, String>>,
}

/// Whether the hash functions take a column of this type as it is.
fn plain(kind: &str) -> bool {
    let inner = kind
        .strip_prefix("LowCardinality(")
        .or_else(|| kind.strip_prefix("Array("))
        .and_then(|rest| rest.strip_suffix(')'))
        .unwrap_or(kind);
    let fixed = ["FixedString(", "DateTime", "Enum8(", "Enum16("];
    let numeric = [
        "UInt8", "UInt16", "UInt32", "UInt64", "UInt128", "UInt256", "Int8", "Int16", "Int32",
        "Int64",
    ];
    let others = ["Int128", "Int256", "String", "Bool", "Float32", "Float64"];
    numeric.contains(&inner)
        || others.contains(&inner)
        || fixed.iter().any(|start| inner.starts_with(start))
}

/// The hash of one row, over columns `(name, type)` in order.
fn expression(columns: &[(String, String)]) -> String {
    let mut arguments = Vec::new();
    let mut through_bytes = Vec::new();
    for (name, kind) in columns {
        if plain(kind) {
            arguments.push(quote(name));
        } else {
            through_bytes.push(quote(name));
        }
    }
    if !through_bytes.is_empty() {
        arguments.push(format!(
            "formatRow('RowBinary', {})",
            through_bytes.join(", ")
        ));
    }
    format!("sum(cityHash64({}))", arguments.join(", "))
}

impl SumCache {
    /// Rows and checksum of `lo..=hi` in each of `tables`; tables without rows are left out.
    ///
    /// # Errors
    /// [`WarehouseError::Conflict`] for a table that does not exist, else what ClickHouse said.
    pub(crate) async fn read(
        &self,
        client: &Client,
        tables: &[&str],
        lo: u64,
        hi: u64,
    ) -> Result<Sums, WarehouseError> {
        if tables.is_empty() {
            return Ok(Sums::new());
        }
        self.learn(client, tables).await?;
        let mut parts = Vec::new();
        {
            let known = self.by_table.lock().unwrap_or_else(PoisonError::into_inner);
            for table in tables {
                let Some(expression) = known.get(*table) else {
                    return Err(WarehouseError::Conflict(format!(
                        "table {table} does not exist"
                    )));
                };
                parts.push(format!(
                    "SELECT {} AS t, count() AS n, {expression} AS s FROM {} WHERE slot BETWEEN {lo} AND {hi}",
                    string(table),
                    quote(table)
                ));
            }
        }
        let rows = client
            .rows::<(String, u64, u64)>(&parts.join(" UNION ALL "))
            .await?;
        Ok(rows
            .into_iter()
            .filter(|(_, rows, _)| *rows > 0)
            .map(|(table, rows, sum)| (table, (rows, sum)))
            .collect())
    }

    /// Reads the columns of tables not seen before.
    async fn learn(&self, client: &Client, tables: &[&str]) -> Result<(), WarehouseError> {
        let unknown: Vec<String> = {
            let known = self.by_table.lock().unwrap_or_else(PoisonError::into_inner);
            tables
                .iter()
                .filter(|t| !known.contains_key(**t))
                .map(|t| string(t))
                .collect()
        };
        if unknown.is_empty() {
            return Ok(());
        }
        let sql = format!(
            "SELECT table, name, type FROM system.columns WHERE database = currentDatabase() AND table IN ({}) \
             ORDER BY table, position",
            unknown.join(", ")
        );
        let mut columns: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
        for (table, name, kind) in client.rows::<(String, String, String)>(&sql).await? {
            columns.entry(table).or_default().push((name, kind));
        }
        let mut known = self.by_table.lock().unwrap_or_else(PoisonError::into_inner);
        known.extend(
            columns
                .into_iter()
                .map(|(table, columns)| (table, expression(&columns))),
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_that_can_hold_null_are_hashed_through_bytes() {
        for kind in [
            "UInt64",
            "FixedString(32)",
            "Array(FixedString(32))",
            "LowCardinality(String)",
            "Enum8('a' = 1)",
        ] {
            assert!(plain(kind), "{kind}");
        }
        for kind in [
            "Nullable(UInt64)",
            "Array(Nullable(UInt8))",
            "LowCardinality(Nullable(String))",
            "Tuple(a UInt8, b Nullable(String))",
            "Array(Array(UInt8))",
            "Map(String, UInt8)",
        ] {
            assert!(!plain(kind), "{kind}");
        }
        let columns =
            [("a", "UInt8"), ("n`", "Nullable(UInt8)")].map(|(n, k)| (n.to_owned(), k.to_owned()));
        assert_eq!(
            expression(&columns),
            "sum(cityHash64(`a`, formatRow('RowBinary', `n\\``)))"
        );
    }
}
