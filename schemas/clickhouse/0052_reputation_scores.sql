-- HNR-1 of every node that has evidence: the newest row of each day of block time.
CREATE TABLE IF NOT EXISTS reputation_scores
(
    node FixedString(32),
    -- that the score is of, since 1970
    day Int32,
    as_of_slot UInt64 CODEC(Delta, LZ4),
    version UInt32,
    score UInt16,
    -- after decay and caps, of 1/2^20
    good UInt64,
    bad UInt64,
    -- whose evidence still weighs
    requesters UInt32,
    jobs_good UInt64,
    jobs_failed UInt64,
    jobs_expired UInt64,
    -- of the oldest evidence
    since_day Int32
)
ENGINE = ReplacingMergeTree(as_of_slot)
PARTITION BY intDiv(day, 30)
ORDER BY (node, day)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 0
