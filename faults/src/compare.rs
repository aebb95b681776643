//! What is stored, beside what a clean run stores: row by row.

use anyhow::Result;
use hypernode_warehouse::{Client, gaps};

use crate::store::{DATABASE, TRUTH};

/// Tables of facts, beside those of each IDL.
const FACTS: &[&str] = &[
    "blocks",
    "transactions",
    "events",
    "instructions",
    "dead_letters",
];
/// Tables that follow from facts.
const DERIVED: &[&str] = &["canonical_events"];
/// Columns that tell where a row came from: streams and JSON-RPC write errors in encodings of their own.
const SOURCE_COLUMNS: &[&str] = &["proof", "source", "err"];

/// How the two differ.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    /// Rows of facts that the clean run has and the other has not.
    pub lost: u64,
    /// Rows of facts that are there once too often, or are of no chain.
    pub duplicated: u64,
    /// The same of tables that follow from facts, either way.
    pub derived: u64,
    /// Rows that were compared.
    pub rows: u64,
    /// What differs, by table.
    pub lines: Vec<String>,
}

impl Difference {
    /// Nothing differs.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.lost == 0 && self.duplicated == 0 && self.derived == 0
    }
}

/// Compares every table over `from..=to`.
///
/// # Errors
/// What ClickHouse said.
pub async fn compare(client: &Client, from: u64, to: u64) -> Result<Difference> {
    compare_but(client, from, to, &[]).await
}

/// As [`compare`], without these columns.
///
/// # Errors
/// What ClickHouse said.
pub async fn compare_but(client: &Client, from: u64, to: u64, but: &[&str]) -> Result<Difference> {
    let mut difference = Difference::default();
    for (table, columns) in tables(client, but).await? {
        let side = |database: &str| {
            format!(
                "SELECT cityHash64(tuple({columns})) AS h, slot, toInt64(count()) AS n FROM {database}.`{table}` \
                 WHERE slot BETWEEN {from} AND {to} GROUP BY h, slot"
            )
        };
        // Each row counts as often as it is there.
        let sql = format!(
            "SELECT toUInt64(sum(greatest(d, 0))), toUInt64(sum(greatest(-d, 0))), toUInt64(sum(w)), \
             arrayStringConcat(arraySlice(arraySort(groupUniqArrayIf(toString(slot), d != 0)), 1, 8), ',') \
             FROM (SELECT slot, sum(n * s) AS d, sumIf(n, s > 0) AS w FROM \
             (SELECT h, slot, n, 1 AS s FROM ({}) UNION ALL SELECT h, slot, n, -1 AS s FROM ({})) GROUP BY h, slot)",
            side(TRUTH),
            side(DATABASE)
        );
        for (lost, much, rows, slots) in client.rows::<(u64, u64, u64, String)>(&sql).await? {
            difference.rows += rows;
            if lost + much > 0 {
                let line = format!("{table}: {lost} lost, {much} too many, in slots {slots}");
                difference.lines.push(line);
            }
            if DERIVED.contains(&table.as_str()) {
                difference.derived += lost + much;
            } else {
                difference.lost += lost;
                difference.duplicated += much;
            }
        }
    }
    Ok(difference)
}

/// Tables that hold rows of slots on either side, with the columns to compare.
async fn tables(client: &Client, but: &[&str]) -> Result<Vec<(String, String)>> {
    let quoted = |names: &[&str]| -> String {
        let names: Vec<String> = names.iter().map(|name| format!("'{name}'")).collect();
        names.join(",")
    };
    let named = [FACTS, DERIVED].concat();
    let sql = format!(
        "SELECT table, arrayStringConcat(arrayMap(c -> '`' || c || '`', arraySort(groupUniqArray(name))), ', ') \
         FROM system.columns WHERE database IN ('{DATABASE}', '{TRUTH}') AND name NOT IN ({}) \
         AND (table IN ({}) OR startsWith(table, 'ev_') OR startsWith(table, 'ix_')) AND table IN \
         (SELECT name FROM system.tables WHERE database IN ('{DATABASE}', '{TRUTH}') AND total_rows > 0) \
         GROUP BY table ORDER BY table",
        quoted(&[SOURCE_COLUMNS, but].concat()),
        quoted(&named)
    );
    Ok(client.rows(&sql).await?)
}

/// Gaps that nobody has filled, with their reasons.
///
/// # Errors
/// What ClickHouse said.
pub async fn open_gaps(client: &Client) -> Result<Vec<String>> {
    let gaps = gaps::list(client).await?;
    let open = gaps.into_iter().filter(|gap| gap.state == "open");
    Ok(open
        .map(|gap| format!("slots {} to {}: {}", gap.slot_lo, gap.slot_hi, gap.reason))
        .collect())
}

/// The slots that the ledger covers: first, last, and how many are missing between.
///
/// # Errors
/// What ClickHouse said.
pub async fn covered(client: &Client) -> Result<Option<(u64, u64, u64)>> {
    let sql = "SELECT min(slot_lo), max(slot_hi), toUInt64(greatest(0, toInt64(max(slot_hi) - min(slot_lo) + 1) \
               - toInt64(sum(slot_hi - slot_lo + 1)))), count() FROM ingest_ledger";
    let rows = client.rows::<(u64, u64, u64, u64)>(sql).await?;
    Ok(rows
        .into_iter()
        .find(|(.., count)| *count > 0)
        .map(|(from, to, missing, _)| (from, to, missing)))
}
