//! What is stored, beside what a clean run stores: row by row.

use anyhow::Result;
use hypernode_warehouse::Client;
use hypernode_warehouse::gaps::{self, GapRow, GapState};

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
    /// With what another range came to.
    pub fn add(&mut self, other: Self) {
        self.lost += other.lost;
        self.duplicated += other.duplicated;
        self.derived += other.derived;
        self.rows += other.rows;
        self.lines.extend(other.lines);
    }

    /// With rows of a derived table that are not the clean run's, if any.
    pub(crate) fn add_derived(&mut self, table: &str, wrong: u64, slot: u64) {
        if wrong > 0 {
            let line = format!("{table}: {wrong} rows differ up to slot {slot}");
            self.lines.push(line);
            self.derived += wrong;
        }
    }

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
pub async fn open_gaps(client: &Client) -> Result<Vec<GapRow>> {
    let gaps = gaps::list(client).await?;
    Ok(gaps
        .into_iter()
        .filter(|gap| gap.state == GapState::Open.name())
        .collect())
}

/// The slots of `from..=to` that lie in none of these gaps.
#[must_use]
pub fn outside(gaps: &[GapRow], from: u64, to: u64) -> Vec<(u64, u64)> {
    let mut ranges: Vec<(u64, u64)> = gaps.iter().map(|gap| (gap.slot_lo, gap.slot_hi)).collect();
    ranges.sort_unstable();
    let (mut out, mut at) = (Vec::new(), from);
    for (lo, hi) in ranges {
        if lo > to {
            break;
        }
        if lo > at {
            out.push((at, lo - 1));
        }
        at = at.max(hi.saturating_add(1));
    }
    if at <= to {
        out.push((at, to));
    }
    out
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_on_record_is_left_out() {
        let gap = |slot_lo, slot_hi| GapRow {
            slot_lo,
            slot_hi,
            state: "open".into(),
            reason: String::new(),
            source: String::new(),
            at: String::new(),
        };
        assert_eq!(outside(&[], 1, 9), [(1, 9)]);
        let gaps = [gap(6, 7), gap(1, 2), gap(7, 8), gap(20, 30)];
        assert_eq!(outside(&gaps, 1, 9), [(3, 5), (9, 9)]);
        assert_eq!(outside(&gaps, 1, 25), [(3, 5), (9, 19)]);
        assert_eq!(outside(&[gap(1, 9)], 1, 9), []);
    }
}
