//! One row of `ingest_ledger`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use clickhouse::Row;
use serde::Deserialize;

use super::Tip;
use crate::client::{Client, WarehouseError};
use crate::literal::{bytes, string};

/// Rows and checksum of one table within one ledger row.
pub(crate) type Sums = BTreeMap<String, (u64, u64)>;

/// A ledger row, as written and as read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LedgerRow {
    pub(crate) slot_lo: u64,
    pub(crate) slot_hi: u64,
    pub(crate) window: u32,
    pub(crate) part: u32,
    pub(crate) epoch: u32,
    pub(crate) partial: bool,
    pub(crate) parent_slot: u64,
    pub(crate) parent_blockhash: [u8; 32],
    pub(crate) last_blockhash: [u8; 32],
    pub(crate) last_block_slot: u64,
    pub(crate) blocks: u32,
    pub(crate) finalized_slot: u64,
    pub(crate) source: String,
    pub(crate) tables: Sums,
    pub(crate) content: [u8; 32],
}

impl LedgerRow {
    pub(crate) fn tip(&self) -> Tip {
        Tip {
            slot_hi: self.slot_hi,
            last_block_slot: self.last_block_slot,
            last_blockhash: self.last_blockhash,
            window: self.window,
            part: self.part,
            partial: self.partial,
        }
    }
}

/// The statement that writes `row`, or nothing where the database is in a later epoch: a recovery that raised it
/// must not be followed by the ledger row of a writer that it did not see.
pub(crate) fn insert_sql(row: &LedgerRow) -> String {
    let mut tables = String::new();
    for (i, (name, (rows, checksum))) in row.tables.iter().enumerate() {
        let comma = if i > 0 { ", " } else { "" };
        let _ = write!(
            tables,
            "{comma}{}, (toUInt64({rows}), toUInt64({checksum}))",
            string(name)
        );
    }
    let tables = if tables.is_empty() {
        "CAST(map(), 'Map(String, Tuple(UInt64, UInt64))')".to_owned()
    } else {
        format!("map({tables})")
    };
    format!(
        "INSERT INTO ingest_ledger (slot_lo, slot_hi, window, part, epoch, partial, parent_slot, parent_blockhash, \
         last_blockhash, last_block_slot, blocks, finalized_slot, source, tables, content, written_at) \
         SELECT {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {tables}, {}, now64(3) \
         WHERE ifNull((SELECT max(toUInt32OrZero(value)) FROM hypernode_meta WHERE key = 'epoch'), 0) <= {}",
        row.slot_lo,
        row.slot_hi,
        row.window,
        row.part,
        row.epoch,
        row.partial,
        row.parent_slot,
        bytes(&row.parent_blockhash),
        bytes(&row.last_blockhash),
        row.last_block_slot,
        row.blocks,
        row.finalized_slot,
        string(&row.source),
        bytes(&row.content),
        row.epoch,
    )
}

#[derive(Row, Deserialize)]
struct Stored {
    slot_lo: u64,
    slot_hi: u64,
    window: u32,
    part: u32,
    epoch: u32,
    partial: bool,
    parent_slot: u64,
    parent_blockhash: [u8; 32],
    last_blockhash: [u8; 32],
    last_block_slot: u64,
    blocks: u32,
    finalized_slot: u64,
    source: String,
    tables: Vec<(String, (u64, u64))>,
    content: [u8; 32],
}

const COLUMNS: &str = "slot_lo, slot_hi, window, part, epoch, partial, parent_slot, parent_blockhash, last_blockhash, \
    last_block_slot, blocks, finalized_slot, toString(source) AS source, tables, content";

/// The newest `count` rows, newest first.
pub(crate) async fn last_rows(
    client: &Client,
    count: usize,
) -> Result<Vec<LedgerRow>, WarehouseError> {
    select(
        client,
        &format!("ORDER BY slot_hi DESC, epoch DESC LIMIT {count}"),
    )
    .await
}

/// Rows that start at `slot_lo`, newest first.
pub(crate) async fn rows_at(
    client: &Client,
    slot_lo: u64,
) -> Result<Vec<LedgerRow>, WarehouseError> {
    select(
        client,
        &format!("WHERE slot_lo = {slot_lo} ORDER BY epoch DESC"),
    )
    .await
}

async fn select(client: &Client, tail: &str) -> Result<Vec<LedgerRow>, WarehouseError> {
    let rows = client
        .rows::<Stored>(&format!("SELECT {COLUMNS} FROM ingest_ledger {tail}"))
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| LedgerRow {
            slot_lo: row.slot_lo,
            slot_hi: row.slot_hi,
            window: row.window,
            part: row.part,
            epoch: row.epoch,
            partial: row.partial,
            parent_slot: row.parent_slot,
            parent_blockhash: row.parent_blockhash,
            last_blockhash: row.last_blockhash,
            last_block_slot: row.last_block_slot,
            blocks: row.blocks,
            finalized_slot: row.finalized_slot,
            source: row.source,
            tables: row.tables.into_iter().collect(),
            content: row.content,
        })
        .collect())
}
