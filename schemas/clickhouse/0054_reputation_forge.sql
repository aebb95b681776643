-- What a score costs to forge (docs/reputation.md): perfect units, and wallets to give them. Filled by the scores' keeper.
CREATE TABLE IF NOT EXISTS reputation_forge
(
    score UInt16,
    -- each costs 100,000 raw HYPER of fees
    units UInt32,
    requesters UInt32
)
ENGINE = ReplacingMergeTree
ORDER BY score
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 0
