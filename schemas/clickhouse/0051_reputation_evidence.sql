-- What finalized jobs say of nodes (docs/reputation.md): at most one row `good` and one row `failed` or `expired` a job.
-- Written by the keeper of the scores beside the indexer, from canonical events; a row that comes twice counts once.
CREATE TABLE IF NOT EXISTS reputation_evidence
(
    node FixedString(32),
    requester FixedString(32),
    -- since 1970, of block time
    day Int32,
    kind Enum8('good' = 1, 'failed' = 2, 'expired' = 3),
    program FixedString(32),
    job FixedString(32),
    -- of 1/2^20
    units UInt64,
    -- from which it counts: that of the settlement or the failure; the first final one at or after the deadline
    slot UInt64 CODEC(Delta, LZ4),
    -- the settlement, the failure, or the assignment that expired
    signature FixedString(64)
)
ENGINE = ReplacingMergeTree
PARTITION BY intDiv(slot, 432000)
ORDER BY (node, requester, day, kind, program, job)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 0
