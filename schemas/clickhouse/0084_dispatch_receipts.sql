-- Match receipts as they were signed (docs/ARCHITECTURE.md, "Dispatch"): each offer and assignment of the matchmaker, once.
CREATE TABLE IF NOT EXISTS dispatch_receipts
(
    -- in the order of commits, without holes
    seq UInt64,
    at DateTime64(3, 'UTC'),
    job String,
    fence UInt32,
    -- SHA-256 of the receipt
    hash FixedString(32),
    -- over the receipt, by the dispatcher's key, in base58
    signature String,
    -- canonical JSON
    receipt String CODEC(ZSTD)
)
ENGINE = MergeTree
ORDER BY seq
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 0
