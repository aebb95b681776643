-- One leaf of the index digest for each finalized block, and one for each range of slots given up (docs/digest.md).
CREATE TABLE IF NOT EXISTS digest_leaves
(
    -- its place, from 0
    number UInt64 CODEC(Delta, LZ4),
    -- of the block; the last one of a range given up
    slot UInt64 CODEC(Delta, LZ4),
    leaf FixedString(32)
)
ENGINE = MergeTree
PARTITION BY intDiv(slot, 432000)
ORDER BY number
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 1000
