-- Node accounts in one vocabulary, whichever of their layouts they have: the `node` entries of accounts.toml.
CREATE TABLE IF NOT EXISTS node_account_versions
(
    pubkey FixedString(32),
    slot UInt64,
    write_version UInt64,
    program FixedString(32),
    label LowCardinality(String),
    layout LowCardinality(String),
    owner FixedString(32),
    node_id String,
    gpu_specs_hash String,
    location String,
    status LowCardinality(String),
    stake UInt64,
    reputation UInt64,
    jobs_completed UInt64,
    jobs_failed Nullable(UInt64),
    total_earned UInt64,
    last_heartbeat Int64,
    registered_at Int64
)
ENGINE = ReplacingMergeTree
PARTITION BY intDiv(slot, 432000)
ORDER BY (pubkey, slot, write_version)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 1000
