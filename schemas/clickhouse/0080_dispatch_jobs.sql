-- Jobs of the matchmaker as they were after each change, told by the dispatcher's outbox: each message once.
CREATE TABLE IF NOT EXISTS dispatch_jobs
(
    -- number of the message; with the time and the job, what tells rows apart
    seq UInt64,
    at DateTime64(3, 'UTC'),
    -- address on chain, or uuid
    job String,
    -- number of offers and assignments so far
    fence UInt32,
    -- waiting, queued, offered, leased, completed, failed, cancelled, dead; unreadable: a message of another version
    state LowCardinality(String),
    failures UInt8,
    submitted_at DateTime64(3, 'UTC'),
    -- since when it is to be run
    queued_at DateTime64(3, 'UTC'),
    owner String,
    -- type of the job; only in its first row
    kind LowCardinality(String),
    priority UInt8,
    -- the node that is asked, runs it or completed it
    node String,
    -- raw HYPER: what the node asks per second, what was paid
    ask UInt64,
    cost UInt64,
    ran_ms UInt64,
    -- why it failed, was given up or cancelled
    cause LowCardinality(String)
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(at)
ORDER BY seq
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 0
