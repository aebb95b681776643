-- Programs with their IDLs by hash: what ledger rows were decoded with, so that `verify` and `repair` decode alike after
-- IDLs have changed.
CREATE TABLE IF NOT EXISTS idl_sets
(
    hash FixedString(32),
    -- JSON: labels, ids, versions with their first slots and IDLs
    programs String CODEC(ZSTD(3)),
    since DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree
ORDER BY hash
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 1000
