-- Transactions that name a configured program (all of them for recordings).
CREATE TABLE IF NOT EXISTS transactions
(
    slot UInt64 CODEC(Delta, LZ4),
    tx_index UInt32,
    signature FixedString(64),
    block_time DateTime('UTC') CODEC(Delta, LZ4),
    success Bool,
    -- the chain's own encoding of the error, never interpreted
    err String,
    version Int8,
    fee UInt64,
    compute_units UInt64,
    signer FixedString(32),
    logs_missing Bool,
    log_truncated Bool,
    log_mismatch Bool
)
ENGINE = MergeTree
PARTITION BY intDiv(slot, 432000)
ORDER BY (slot, tx_index)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 1000
