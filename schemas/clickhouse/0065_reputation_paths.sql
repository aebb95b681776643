-- How each node's evidence of a day leads to that day's root. Without its row in reputation_roots a day does not count.
CREATE TABLE IF NOT EXISTS reputation_paths
(
    node FixedString(32),
    day Int32,
    -- in the order of the nodes' addresses, from 0
    place UInt64,
    -- its evidence of that day: pieces, and the root over them
    evidence UInt64,
    root FixedString(32),
    -- what it is hashed with on the way up
    path Array(FixedString(32)),
    -- of the day
    last_slot UInt64 CODEC(Delta, LZ4)
)
ENGINE = ReplacingMergeTree
PARTITION BY intDiv(day, 30)
ORDER BY (node, day)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 0
