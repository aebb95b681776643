-- What operators' old tools post (`POST /api/metrics/update`): off-chain, unproven, and counted nowhere. Kept for 90 days.
CREATE TABLE IF NOT EXISTS posted_metrics
(
    at DateTime64(3, 'UTC'),
    -- always `posted`: no figure of the chain may be mixed with it
    source LowCardinality(String),
    type LowCardinality(String),
    -- as it came: JSON
    data String
)
ENGINE = MergeTree
ORDER BY at
TTL toDateTime(at) + INTERVAL 90 DAY
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 0
