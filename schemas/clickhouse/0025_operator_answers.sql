-- What became of an operator's request.
CREATE TABLE IF NOT EXISTS operator_answers
(
    id UInt64,
    done Bool,
    answer String,
    answered_at DateTime64(3, 'UTC')
)
ENGINE = MergeTree
ORDER BY id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 1000
