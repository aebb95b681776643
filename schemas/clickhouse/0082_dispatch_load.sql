-- What the dispatcher had before it, minute by minute while there was anything, told by its outbox: each message once.
CREATE TABLE IF NOT EXISTS dispatch_load
(
    seq UInt64,
    at DateTime64(3, 'UTC'),
    -- nodes that were connected, jobs that they could run at a time, and those that they had
    nodes UInt32,
    slots UInt32,
    busy UInt32,
    queued UInt32,
    open UInt32
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(at)
ORDER BY seq
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 0
