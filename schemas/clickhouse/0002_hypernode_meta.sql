-- What the whole database is bound to: genesis hash, format version.
CREATE TABLE IF NOT EXISTS hypernode_meta
(
    key String,
    value String
)
ENGINE = MergeTree
ORDER BY key
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 1000
