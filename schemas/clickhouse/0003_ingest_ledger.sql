-- The only truth about what is stored: one row per batch, written after all tables of the batch.
CREATE TABLE IF NOT EXISTS ingest_ledger
(
    slot_lo UInt64,
    slot_hi UInt64,
    window UInt32,
    part UInt32,
    epoch UInt32,
    partial Bool,
    parent_slot UInt64,
    parent_blockhash FixedString(32),
    last_blockhash FixedString(32),
    last_block_slot UInt64,
    blocks UInt32,
    finalized_slot UInt64,
    source LowCardinality(String),
    -- rows and checksum by table
    tables Map(String, Tuple(UInt64, UInt64)),
    content FixedString(32),
    written_at DateTime64(3, 'UTC')
)
ENGINE = MergeTree
ORDER BY (slot_lo, epoch)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 1000
