-- Slots that a source left out, as states that follow each other: `open` until some source delivers them (`filled`) or
-- the operator does without (`accepted`, which stays).
CREATE TABLE IF NOT EXISTS gaps
(
    slot_lo UInt64,
    slot_hi UInt64,
    state Enum8('open' = 1, 'filled' = 2, 'accepted' = 3),
    reason String,
    source LowCardinality(String),
    at DateTime64(3, 'UTC')
)
ENGINE = MergeTree
ORDER BY (slot_lo, slot_hi, at)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 1000
