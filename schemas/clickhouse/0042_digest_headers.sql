-- What the digest is of: a row for the start, and one for each change of IDLs (docs/digest.md).
CREATE TABLE IF NOT EXISTS digest_headers
(
    -- its place in the list, from 0
    number UInt32,
    -- it is in force from this leaf on
    leaves_before UInt64,
    text String
)
ENGINE = MergeTree
ORDER BY number
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 1000
