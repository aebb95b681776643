-- Which of these files were applied, with the checksum of the text that was applied.
CREATE TABLE IF NOT EXISTS schema_migrations
(
    id UInt32,
    name String,
    checksum FixedString(64),
    applied_at DateTime64(3, 'UTC')
)
ENGINE = MergeTree
ORDER BY id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 1000
