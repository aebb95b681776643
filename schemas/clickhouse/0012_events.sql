-- Every decoded record of every configured program, raw.
CREATE TABLE IF NOT EXISTS events
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
    event LowCardinality(String),
    via Enum8('log' = 1, 'cpi' = 2),
    success Bool,
    -- accounts of the emitting instruction
    accounts Array(FixedString(32)),
    -- bytes left over after the decoded value
    trailing UInt32,
    -- discriminator and borsh bytes, CPI tag removed
    data String
)
ENGINE = MergeTree
PARTITION BY intDiv(slot, 432000)
ORDER BY (slot, tx_index, outer_ix, inner_ix, ordinal)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 1000
