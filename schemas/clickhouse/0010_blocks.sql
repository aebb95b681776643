-- One row per block that was published, with its parent link.
CREATE TABLE IF NOT EXISTS blocks
(
    slot UInt64 CODEC(Delta, LZ4),
    parent_slot UInt64 CODEC(Delta, LZ4),
    blockhash FixedString(32),
    parent_blockhash FixedString(32),
    -- 0 = unknown
    block_height UInt64 CODEC(Delta, LZ4),
    block_time DateTime('UTC') CODEC(Delta, LZ4),
    -- as the chain counted them
    executed_transactions UInt64,
    -- rows kept in transactions
    transactions UInt32,
    failed_transactions UInt32,
    -- how the source showed that nothing is missing
    proof Enum8('none' = 0, 'count' = 1, 'block' = 2)
)
ENGINE = MergeTree
PARTITION BY intDiv(slot, 432000)
ORDER BY slot
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 1000
