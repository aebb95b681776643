-- One root for each day that is over, over the hashes of the receipts that came since the last one, in the order of `seq`.
CREATE TABLE IF NOT EXISTS dispatch_roots
(
    -- since 1970, UTC
    day UInt32,
    -- whose hashes it is over
    first_seq UInt64,
    last_seq UInt64,
    receipts UInt64,
    root FixedString(32)
)
ENGINE = ReplacingMergeTree
ORDER BY day
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 0
