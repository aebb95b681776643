-- Runs that were made again on a host of another owner, told by the dispatcher's outbox: each once.
CREATE TABLE IF NOT EXISTS dispatch_rechecks
(
    seq UInt64,
    at DateTime64(3, 'UTC'),
    job String,
    -- the job that the second run was
    copy String,
    kind LowCardinality(String),
    node String,
    second String,
    -- equal, different, undecidable: one of them returned nothing, or the second run did not complete
    outcome LowCardinality(String)
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(at)
ORDER BY seq
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 0
