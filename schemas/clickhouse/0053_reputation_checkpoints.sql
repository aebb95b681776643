-- How far evidence and scores have come: what lies beyond the newest row is of a step that did not end.
CREATE TABLE IF NOT EXISTS reputation_checkpoints
(
    -- last final slot that was judged, and its block's time
    slot UInt64 CODEC(Delta, LZ4),
    block_time Int64,
    -- rows of evidence up to it
    evidence UInt64,
    -- newest change (ledger row or retraction) that was heeded
    seq UInt64,
    -- version of the definition, and the network's fee accounts that settlements were held against
    version UInt32,
    fee_accounts String
)
ENGINE = MergeTree
ORDER BY slot
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 0
