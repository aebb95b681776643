-- What was taken back: all rows of the slots, because the chain left them (`fork`) or to be written anew (`repair`).
-- A row here is the commit of a retraction: from then on no row of an earlier epoch in these slots is in force.
CREATE TABLE IF NOT EXISTS retractions
(
    -- one rising number over ingest_ledger and retractions: the cursor of who follows changes
    seq UInt64,
    epoch UInt32,
    slot_lo UInt64,
    slot_hi UInt64,
    -- the last block that stays before them
    head_slot UInt64,
    head_blockhash FixedString(32),
    reason LowCardinality(String),
    at DateTime64(3, 'UTC')
)
ENGINE = MergeTree
ORDER BY seq
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 1000
