//! Stored rows beside rows decoded anew, as multisets.

use std::collections::BTreeMap;
use std::fmt;

use clickhouse::Row;
use hypernode_schemas::table::quote;
use hypernode_warehouse::{Client, WarehouseError};
use serde::Deserialize;

use super::scratch::Scratch;

/// Columns that tell where a row came from, not what the chain says: sources write errors in encodings of their own, and
/// some count what others do not.
const OF_THE_SOURCE: [(&str, &[&str]); 2] = [
    (
        "blocks",
        &[
            "block_height",
            "executed_transactions",
            "transactions",
            "failed_transactions",
            "proof",
        ],
    ),
    ("transactions", &["err"]),
];

/// How a stored row and the source's differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The source has it, the tables have not.
    Missing,
    /// The tables have it, the source has not.
    Extra,
    /// Both have it, with other values; or it is stored more often than once.
    Differs,
}

impl Kind {
    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Extra => "extra",
            Self::Differs => "differs",
        }
    }
}

/// A row that differs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// Its slot.
    pub slot: u64,
    /// Its transaction's place in the block; `None` for a row of `blocks`.
    pub tx_index: Option<u32>,
    /// Its transaction's signature in base58, '' for a row of `blocks`.
    pub signature: String,
    /// Its table.
    pub table: String,
    /// Its place in the transaction: outer and inner instruction, number of the record.
    pub place: Option<(u16, i32, u32)>,
    /// How.
    pub kind: Kind,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "slot {}", self.slot)?;
        if let Some(index) = self.tx_index {
            write!(f, ", transaction {index} ({})", self.signature)?;
        }
        write!(f, ": {} in {}", self.kind.name(), self.table)?;
        if let Some((outer, inner, ordinal)) = self.place {
            write!(f, " at {outer}/{inner}/{ordinal}")?;
        }
        Ok(())
    }
}

#[derive(Row, Deserialize)]
struct Found {
    slot: u64,
    tx_index: u32,
    signature: String,
    outer_ix: u16,
    inner_ix: i32,
    ordinal: u32,
    stored: u64,
    source: u64,
    total: u64,
}

/// Columns of tables, read once.
#[derive(Debug, Default)]
pub(super) struct Columns {
    by_table: BTreeMap<String, Vec<String>>,
}

impl Columns {
    async fn of(&mut self, client: &Client, table: &str) -> Result<&[String], WarehouseError> {
        if !self.by_table.contains_key(table) {
            let sql = format!(
                "SELECT name FROM system.columns WHERE database = currentDatabase() AND table = '{}' ORDER BY position",
                table.replace('\\', "\\\\").replace('\'', "\\'")
            );
            let columns = client.rows::<String>(&sql).await?;
            self.by_table.insert(table.to_owned(), columns);
        }
        Ok(self.by_table.get(table).map_or(&[], Vec::as_slice))
    }
}

/// What is compared of a table.
pub(super) struct Part<'a> {
    pub(super) table: &'a str,
    /// Condition for slots on both sides.
    pub(super) slots: &'a str,
    /// Condition for stored rows alone.
    pub(super) stored: Option<&'a str>,
    /// Differences listed at most.
    pub(super) most: usize,
}

/// The differences of one table, some of them listed; and their number.
pub(super) async fn table(
    client: &Client,
    scratch: &mut Scratch,
    columns: &mut Columns,
    part: Part<'_>,
) -> Result<(Vec<Difference>, u64), WarehouseError> {
    let Part { table, slots, .. } = part;
    let all = columns.of(client, table).await?;
    let ours = |name: &str| all.iter().any(|column| column == name);
    let or = |name: &str, otherwise: &str| {
        if ours(name) {
            name.to_owned()
        } else {
            otherwise.to_owned()
        }
    };
    let identity = format!(
        "slot AS `#1`, {} AS `#2`, {} AS `#3`, {} AS `#4`, {} AS `#5`, {} AS `#6`",
        or("tx_index", "toUInt32(0)"),
        if ours("signature") {
            "base58Encode(signature)"
        } else {
            "''"
        },
        or("outer_ix", "toUInt16(0)"),
        or("inner_ix", "toInt32(0)"),
        or("ordinal", "toUInt32(0)"),
    );
    let left_out = OF_THE_SOURCE
        .iter()
        .find(|(name, _)| *name == table)
        .map_or(&[][..], |(_, columns)| *columns);
    let compared: Vec<String> = all
        .iter()
        .filter(|column| !left_out.contains(&column.as_str()))
        .map(|column| quote(column))
        .collect();
    let hash = format!(
        "sipHash128(formatRow('RowBinary', {})) AS `#h`",
        compared.join(", ")
    );
    let of_transactions = ours("tx_index");
    let of_records = ours("ordinal");
    let stored = part
        .stored
        .map_or(String::new(), |condition| format!(" AND ({condition})"));
    let scratch = scratch.table(table).await?;
    let sql = format!(
        "SELECT `#1` AS slot, `#2` AS tx_index, `#3` AS signature, `#4` AS outer_ix, `#5` AS inner_ix, `#6` AS ordinal, \
         countIf(`#s` = 0) AS stored, countIf(`#s` = 1) AS source, count() OVER () AS total FROM (\
         SELECT {identity}, {hash}, 0 AS `#s` FROM {} WHERE ({slots}){stored} UNION ALL \
         SELECT {identity}, {hash}, 1 AS `#s` FROM {scratch} WHERE ({slots})) \
         GROUP BY `#1`, `#2`, `#3`, `#4`, `#5`, `#6` \
         HAVING arraySort(groupArrayIf(`#h`, `#s` = 0)) != arraySort(groupArrayIf(`#h`, `#s` = 1)) \
         ORDER BY `#1`, `#2`, `#4`, `#5`, `#6` LIMIT {}",
        quote(table),
        part.most.max(1)
    );
    let rows: Vec<Found> = client.rows(&sql).await?;
    let total = rows.first().map_or(0, |row| row.total);
    let differences = rows.into_iter().take(part.most).map(|row| Difference {
        slot: row.slot,
        tx_index: of_transactions.then_some(row.tx_index),
        signature: row.signature,
        table: table.to_owned(),
        place: of_records.then_some((row.outer_ix, row.inner_ix, row.ordinal)),
        kind: match (row.stored, row.source) {
            (0, _) => Kind::Missing,
            (_, 0) => Kind::Extra,
            _ => Kind::Differs,
        },
    });
    Ok((differences.collect(), total))
}
