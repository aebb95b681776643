-- What was seen of accounts that configured programs own: by the stream after each change, by snapshots of them all.
-- Observations, outside ledger, checksums and digest; the same one may arrive twice and counts once.
-- A snapshot states no write_version (0). `closed`: the program owns it no longer; what it last was is in `account`
-- and `layout`. `reason`: why its data has no typed row, '' where it has one.
CREATE TABLE IF NOT EXISTS account_versions
(
    pubkey FixedString(32),
    slot UInt64,
    write_version UInt64,
    owner FixedString(32),
    label LowCardinality(String),
    account LowCardinality(String),
    lamports UInt64,
    executable Bool,
    signature FixedString(64),
    source Enum8('stream' = 1, 'snapshot' = 2),
    closed Bool,
    layout LowCardinality(String),
    reason LowCardinality(String),
    detail String,
    data String CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY intDiv(slot, 432000)
ORDER BY (pubkey, slot, write_version)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 1000
