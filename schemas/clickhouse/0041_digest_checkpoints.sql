-- How far the digest has come: written after its leaves, so that what lies beyond the newest row is removed at a start.
CREATE TABLE IF NOT EXISTS digest_checkpoints
(
    -- leaves before it
    count UInt64,
    -- slot of the last of them
    slot UInt64,
    blockhash FixedString(32),
    peaks Array(FixedString(32)),
    -- the newest retraction that was heeded
    retraction UInt64,
    written_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = MergeTree
ORDER BY count
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 1000
