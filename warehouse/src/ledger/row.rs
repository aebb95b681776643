//! One row of `ingest_ledger`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use clickhouse::Row;
use serde::Deserialize;

use super::Tip;
use crate::client::{Client, WarehouseError};
use crate::literal::{bytes, string};

/// Rows and checksum of one table within one ledger row.
pub type Sums = BTreeMap<String, (u64, u64)>;

/// A ledger row, as written and as read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerRow {
    /// First slot covered.
    pub slot_lo: u64,
    /// Last slot covered.
    pub slot_hi: u64,
    /// Slots per window.
    pub window: u32,
    /// Part of its window, from 0.
    pub part: u32,
    /// Epoch that it was written in.
    pub epoch: u32,
    /// The window goes on.
    pub partial: bool,
    /// Parent of the first block.
    pub parent_slot: u64,
    /// Hash of that parent.
    pub parent_blockhash: [u8; 32],
    /// Hash of the last block.
    pub last_blockhash: [u8; 32],
    /// Slot of the last block.
    pub last_block_slot: u64,
    /// Number of blocks.
    pub blocks: u32,
    /// Highest slot known to be final when it was written, 0 if unknown.
    pub finalized_slot: u64,
    /// Where the blocks came from.
    pub source: String,
    /// Set of IDLs that its rows were decoded with; zeros in rows of before there were sets.
    pub idls: [u8; 32],
    /// Rows and checksum by table.
    pub tables: Sums,
    /// Hash of the batch as it was sent.
    pub content: [u8; 32],
    /// Its place among all changes.
    pub seq: u64,
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
         last_blockhash, last_block_slot, blocks, finalized_slot, source, idls, tables, content, seq, written_at) \
         SELECT {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {tables}, {}, {}, now64(3) \
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
        bytes(&row.idls),
        bytes(&row.content),
        row.seq,
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
    idls: [u8; 32],
    tables: Vec<(String, (u64, u64))>,
    content: [u8; 32],
    seq: u64,
}

const COLUMNS: &str = "slot_lo, slot_hi, window, part, epoch, partial, parent_slot, parent_blockhash, last_blockhash, \
    last_block_slot, blocks, finalized_slot, toString(source) AS source, idls, tables, content, seq";

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

/// Rows that cover any of `lo..=hi`, in order of slots.
///
/// # Errors
/// What ClickHouse said.
pub async fn rows_in(client: &Client, lo: u64, hi: u64) -> Result<Vec<LedgerRow>, WarehouseError> {
    let tail = format!("WHERE slot_lo <= {hi} AND slot_hi >= {lo} ORDER BY slot_lo, epoch");
    select(client, &tail).await
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
            idls: row.idls,
            tables: row.tables.into_iter().collect(),
            content: row.content,
            seq: row.seq,
        })
        .collect())
}
