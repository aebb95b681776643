-- What the operator asks of the running indexer: it looks each second, and answers in operator_answers.
CREATE TABLE IF NOT EXISTS operator_requests
(
    id UInt64,
    kind Enum8('accept_gap' = 1, 'repair' = 2),
    slot_lo UInt64,
    slot_hi UInt64,
    reason String,
    source String,
    requested_at DateTime64(3, 'UTC')
)
ENGINE = MergeTree
ORDER BY id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 1000
