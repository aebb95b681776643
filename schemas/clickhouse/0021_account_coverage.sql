-- How well each program's accounts are known, by slot: `observed` = every version arrived by the stream, `unobserved`
-- = versions between its ends may be missing, `snapshot` = the state of all accounts as of one slot.
CREATE TABLE IF NOT EXISTS account_coverage
(
    program FixedString(32),
    label LowCardinality(String),
    kind Enum8('snapshot' = 1, 'unobserved' = 2, 'observed' = 3),
    slot_from UInt64,
    slot_to UInt64,
    accounts UInt64,
    at DateTime64(3, 'UTC'),
    reason String
)
ENGINE = ReplacingMergeTree(at)
ORDER BY (program, kind, slot_from)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 1000
