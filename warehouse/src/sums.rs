//! Row counts and checksums of slot ranges, computed by the engine over what is stored.
//!
//! A checksum is the sum (modulo 2^64) over rows of a 64-bit hash of all columns. `cityHash64` of a NULL is NULL
//! and would drop the row out of the sum, so columns that can hold one, and nested ones, are hashed through
//! their binary form, in which every value has bytes of its own.
//!
//! A column that was added to a table later contributes nothing while it holds its type's default, which is what
//! rows of before hold in it: their checksums stay what the ledger says.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use hypernode_schemas::table::quote;

use crate::client::{Client, WarehouseError};
use crate::ledger::Sums;
use crate::literal::string;
use crate::migrate::ADDED;

/// A column as the checksum sees it.
#[derive(Debug)]
struct Column {
    name: String,
    kind: String,
    added: bool,
}

/// Bytes of one statement over many tables: ClickHouse plans each table of it before it answers.
const MAX_STATEMENT: usize = 128 << 10;
/// Tables whose columns are asked for at once.
const TABLES_AT_ONCE: usize = 1_000;

/// The parts joined by `UNION ALL`, in as many statements as it takes: a database has as many tables as its IDLs have
/// events and calls.
pub(crate) fn unions(parts: &[String]) -> Vec<String> {
    let mut statements: Vec<String> = Vec::new();
    for part in parts {
        match statements.last_mut() {
            Some(sql) if sql.len() + part.len() < MAX_STATEMENT => {
                sql.push_str(" UNION ALL ");
                sql.push_str(part);
            }
            _ => statements.push(part.clone()),
        }
    }
    statements
}

/// Terms of one bracket: ClickHouse takes a thousand sums within each other at most, and a table may have more columns.
const TERMS_TOGETHER: usize = 64;

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

/// Alias of a row's hash; no field of an IDL has such a name.
const ROW: &str = "`#row`";

/// The sum over rows of their hashes, over columns in order.
fn expression(columns: &[Column]) -> String {
    let mut arguments = Vec::new();
    let mut through_bytes = Vec::new();
    for column in columns.iter().filter(|column| !column.added) {
        if plain(&column.kind) {
            arguments.push(quote(&column.name));
        } else {
            through_bytes.push(quote(&column.name));
        }
    }
    if !through_bytes.is_empty() {
        arguments.push(format!(
            "formatRow('RowBinary', {})",
            through_bytes.join(", ")
        ));
    }
    let base = format!("cityHash64({})", arguments.join(", "));
    let added: Vec<&Column> = columns.iter().filter(|column| column.added).collect();
    if added.is_empty() {
        return format!("sum({base})");
    }
    // The row's own hash is part of each term: a value that moves to another row is noticed.
    let terms: Vec<String> = added
        .iter()
        .map(|column| {
            let bytes = format!("formatRow('RowBinary', {})", quote(&column.name));
            let default = format!(
                "formatRow('RowBinary', defaultValueOfTypeName({}))",
                string(&column.kind)
            );
            format!(
                "if({bytes} = {default}, toUInt64(0), cityHash64({ROW}, {}, {bytes}))",
                string(&column.name)
            )
        })
        .collect();
    let groups: Vec<String> = terms
        .chunks(TERMS_TOGETHER)
        .map(|group| match group {
            [one] => one.clone(),
            several => format!("({})", several.join(" + ")),
        })
        .collect();
    format!("sum(({base} AS {ROW}) + {})", groups.join(" + "))
}

/// A slot's range, counted from 0, for slots that lie in one.
fn which(ranges: &[(u64, u64)]) -> String {
    let before = match ranges {
        [] | [_] => return "toUInt64(0)".to_owned(),
        [before @ .., _] => before,
    };
    let cases: Vec<String> = before
        .iter()
        .enumerate()
        .map(|(at, (lo, hi))| format!("slot BETWEEN {lo} AND {hi}, {at}"))
        .collect();
    format!("toUInt64(multiIf({}, {}))", cases.join(", "), before.len())
}

/// The condition for slots that lie in one of the ranges.
fn within(ranges: &[(u64, u64)]) -> String {
    let each: Vec<String> = ranges
        .iter()
        .map(|(lo, hi)| format!("slot BETWEEN {lo} AND {hi}"))
        .collect();
    format!("({})", each.join(" OR "))
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
        let mut sums = self.read_ranges(client, tables, &[(lo, hi)]).await?;
        Ok(sums.pop().unwrap_or_default())
    }

    /// The same for several ranges that do not overlap, in their order: the engine plans each table once.
    ///
    /// # Errors
    /// Those of [`SumCache::read`].
    pub(crate) async fn read_ranges(
        &self,
        client: &Client,
        tables: &[&str],
        ranges: &[(u64, u64)],
    ) -> Result<Vec<Sums>, WarehouseError> {
        let mut sums = vec![Sums::new(); ranges.len()];
        if tables.is_empty() || ranges.is_empty() {
            return Ok(sums);
        }
        self.learn(client, tables).await?;
        let (which, within) = (which(ranges), within(ranges));
        let mut parts = Vec::new();
        {
            let known = self.by_table.lock().unwrap_or_else(PoisonError::into_inner);
            for table in tables {
                let Some(expression) = known.get(*table) else {
                    return Err(WarehouseError::Conflict(format!(
                        "table {table} does not exist"
                    )));
                };
                // Plain aliases would hide columns of the same name.
                parts.push(format!(
                    "SELECT {} AS `#t`, {which} AS `#r`, count() AS `#n`, {expression} AS `#s` FROM {} WHERE {within} \
                     GROUP BY `#r`",
                    string(table),
                    quote(table)
                ));
            }
        }
        for sql in unions(&parts) {
            let rows = client.rows::<(String, u64, u64, u64)>(&sql).await?;
            for (table, range, rows, sum) in rows {
                let at = usize::try_from(range).ok();
                if let Some(sums) = at.and_then(|at| sums.get_mut(at)) {
                    sums.insert(table, (rows, sum));
                }
            }
        }
        Ok(sums)
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
        let mut columns: BTreeMap<String, Vec<Column>> = BTreeMap::new();
        for some in unknown.chunks(TABLES_AT_ONCE) {
            let sql = format!(
                "SELECT table, name, type, comment FROM system.columns WHERE database = currentDatabase() \
                 AND table IN ({}) ORDER BY table, position",
                some.join(", ")
            );
            let rows = client.rows::<(String, String, String, String)>(&sql);
            for (table, name, kind, comment) in rows.await? {
                let added = comment == ADDED;
                columns
                    .entry(table)
                    .or_default()
                    .push(Column { name, kind, added });
            }
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
    fn thousands_of_tables_take_several_statements_each_part_once() {
        let parts: Vec<String> = (0..5_000)
            .map(|n| format!("SELECT {n} AS part_of_many_tables"))
            .collect();
        let statements = unions(&parts);
        assert!(
            statements.len() > 1 && statements.iter().all(|sql| sql.len() < MAX_STATEMENT + 64)
        );
        let again: Vec<&str> = statements
            .iter()
            .flat_map(|sql| sql.split(" UNION ALL "))
            .collect();
        assert_eq!(again, parts);
        assert!(unions(&[]).is_empty());
    }

    #[test]
    fn a_slot_is_counted_with_its_own_range_and_none_between() {
        assert_eq!(
            (which(&[(4, 7)]).as_str(), within(&[(4, 7)]).as_str()),
            ("toUInt64(0)", "(slot BETWEEN 4 AND 7)")
        );
        let ranges = [(4, 7), (12, 15), (8, 9)];
        assert_eq!(
            which(&ranges),
            "toUInt64(multiIf(slot BETWEEN 4 AND 7, 0, slot BETWEEN 12 AND 15, 1, 2))"
        );
        assert_eq!(
            within(&ranges),
            "(slot BETWEEN 4 AND 7 OR slot BETWEEN 12 AND 15 OR slot BETWEEN 8 AND 9)"
        );
    }

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
        let column = |name: &str, kind: &str, added| Column {
            name: name.to_owned(),
            kind: kind.to_owned(),
            added,
        };
        let mut columns = vec![
            column("a", "UInt8", false),
            column("n`", "Nullable(UInt8)", false),
        ];
        let before = expression(&columns);
        assert_eq!(
            before,
            "sum(cityHash64(`a`, formatRow('RowBinary', `n\\``)))"
        );
        columns.push(column("c", "String", true));
        let hash = before.strip_prefix("sum(").unwrap();
        let hash = hash.strip_suffix(')').unwrap();
        assert!(
            expression(&columns).starts_with(&format!("sum(({hash} AS {ROW}) + if(")),
            "what was hashed before is hashed alike"
        );
    }
}
