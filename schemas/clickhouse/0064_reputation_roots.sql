-- The root over the evidence that began to count on each day that is over (docs/reputation.md, "Roots").
CREATE TABLE IF NOT EXISTS reputation_roots
(
    -- of block time, since 1970
    day Int32,
    -- whose evidence it holds
    first_slot UInt64,
    last_slot UInt64,
    nodes UInt64,
    evidence UInt64,
    -- version of the definition that the evidence follows
    version UInt32,
    root FixedString(32)
)
ENGINE = ReplacingMergeTree
ORDER BY day
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 0
