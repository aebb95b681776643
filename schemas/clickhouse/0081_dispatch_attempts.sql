-- Offers, runs, attempts that came to nothing and answers that were refused, told by the dispatcher's outbox: each once.
CREATE TABLE IF NOT EXISTS dispatch_attempts
(
    -- number of the message, and place in it; with the time and the job, what tells rows apart
    seq UInt64,
    n UInt32,
    at DateTime64(3, 'UTC'),
    job String,
    fence UInt32,
    -- offered, run, missed, refused
    what LowCardinality(String),
    node String,
    -- of what was missed: declined, unanswered, expired, lost, overrun, node, job, passing, permanent; of what was refused: stale
    fault LowCardinality(String),
    -- of a run: since when the job was to be run
    wait_ms UInt64
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(at)
ORDER BY (seq, n)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 0
