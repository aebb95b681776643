-- What each requester's evidence of a node weighs on a day (docs/reputation.md, "From evidence to sums"), so that a batch
-- costs what it brings and not what came before. Made anew each day; the newest row of a pair counts.
CREATE TABLE IF NOT EXISTS reputation_sums
(
    -- that the weights are of, since 1970
    day Int32,
    node FixedString(32),
    requester FixedString(32),
    -- up to which evidence is in
    slot UInt64 CODEC(Delta, LZ4),
    -- of 1/2^52: neither shifted nor capped
    good UInt128,
    bad UInt128,
    jobs_good UInt64,
    jobs_failed UInt64,
    jobs_expired UInt64,
    -- of the oldest evidence
    since_day Int32
)
ENGINE = ReplacingMergeTree(slot)
ORDER BY (node, requester)
-- A batch looks up pairs one by one.
SETTINGS index_granularity = 256, fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 0
