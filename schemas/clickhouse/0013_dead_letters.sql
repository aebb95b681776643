-- Records of configured programs that could not be decoded, or not be believed.
CREATE TABLE IF NOT EXISTS dead_letters
(
    slot UInt64 CODEC(Delta, LZ4),
    tx_index UInt32,
    outer_ix UInt16,
    inner_ix Int32,
    ordinal UInt32,
    signature FixedString(64),
    block_time DateTime('UTC') CODEC(Delta, LZ4),
    program FixedString(32),
    label LowCardinality(String),
    -- '' = unknown
    event LowCardinality(String),
    via Enum8('log' = 1, 'cpi' = 2),
    success Bool,
    reason LowCardinality(String),
    detail String,
    data String
)
ENGINE = MergeTree
PARTITION BY intDiv(slot, 432000)
ORDER BY (slot, tx_index, outer_ix, inner_ix, ordinal)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 1000
