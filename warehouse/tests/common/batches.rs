//! Batches for tests; the engine itself encodes their blocks.

use hypernode_schemas::table::{Column, IDENTITY, IDENTITY_KEY, TableRows, TableSpec};
use hypernode_warehouse::{Batch, Client};

/// A typed table with the column kinds that are hard to hash.
pub fn spec() -> TableSpec {
    let own = [
        ("maybe", "Nullable(UInt64)"),
        ("text", "String"),
        ("list", "Array(FixedString(4))"),
        (
            "pair",
            "Tuple(kind Enum8('a' = 0, 'b' = 1), n Nullable(UInt8))",
        ),
        ("nested", "Array(Nullable(UInt8))"),
        ("price", "Float64"),
        ("wide", "UInt256"),
    ];
    let columns = IDENTITY.iter().chain(&own);
    TableSpec {
        name: "ev_test_Thing".into(),
        columns: columns
            .map(|(name, kind)| Column {
                name: (*name).into(),
                kind: (*kind).into(),
            })
            .collect(),
        order_by: IDENTITY_KEY.iter().map(|c| (*c).to_owned()).collect(),
    }
}

/// A query for rows of [`spec`]'s table, `per_slot` in each slot.
pub fn things_sql(lo: u64, hi: u64, per_slot: u64) -> String {
    let rows = (hi - lo + 1) * per_slot;
    format!(
        "SELECT toUInt64({lo} + intDiv(number, {per_slot})) AS slot, toUInt32(number % {per_slot}) AS tx_index, \
         toUInt16(1) AS outer_ix, toInt32(-1) AS inner_ix, toUInt32(0) AS ordinal, \
         toFixedString(repeat('s', 64), 64) AS signature, toDateTime(number, 'UTC') AS block_time, \
         CAST(if(number % 2 = 0, NULL, number), 'Nullable(UInt64)') AS maybe, toString(number) AS text, \
         [toFixedString('abcd', 4)] AS list, \
         CAST(('a', NULL), 'Tuple(kind Enum8(\\'a\\' = 0, \\'b\\' = 1), n Nullable(UInt8))') AS pair, \
         CAST([1, NULL], 'Array(Nullable(UInt8))') AS nested, toFloat64(number) AS price, toUInt256(number) AS wide \
         FROM numbers({rows}) SETTINGS max_block_size = 1000000"
    )
}

/// Rows of [`spec`]'s table, `per_slot` in each slot.
pub async fn things(client: &Client, lo: u64, hi: u64, per_slot: u64) -> TableRows {
    let rows = (hi - lo + 1) * per_slot;
    let sql = things_sql(lo, hi, per_slot);
    let native = client.text(&sql, "Native").await.unwrap();
    TableRows {
        table: "ev_test_Thing".into(),
        rows,
        native,
    }
}

/// Rows of `blocks`, one per slot.
pub async fn blocks(client: &Client, lo: u64, hi: u64) -> TableRows {
    let rows = hi - lo + 1;
    let sql = format!(
        "SELECT toUInt64({lo} + number) AS slot, slot - 1 AS parent_slot, toFixedString('h', 32) AS blockhash, \
         toFixedString('p', 32) AS parent_blockhash, toUInt64(0) AS block_height, toDateTime(1, 'UTC') AS block_time, \
         toUInt64(5) AS executed_transactions, toUInt32(2) AS transactions, toUInt32(0) AS failed_transactions, \
         CAST('block', 'Enum8(\\'none\\' = 0, \\'count\\' = 1, \\'block\\' = 2)') AS proof FROM numbers({rows})"
    );
    let native = client.text(&sql, "Native").await.unwrap();
    TableRows {
        table: "blocks".into(),
        rows,
        native,
    }
}

/// A batch of both tables.
pub async fn batch(client: &Client, lo: u64, hi: u64) -> Batch {
    Batch {
        idls: [0; 32],
        slot_lo: lo,
        slot_hi: hi,
        window: 4,
        part: 0,
        partial: false,
        parent_slot: lo.saturating_sub(1),
        parent_blockhash: [1; 32],
        last_block_slot: hi,
        last_blockhash: [2; 32],
        blocks: (hi - lo + 1) as u32,
        finalized_slot: lo,
        source: "test".into(),
        tables: vec![
            things(client, lo, hi, 10).await,
            blocks(client, lo, hi).await,
        ],
    }
}
