-- Every call of every configured program, those of failed transactions included. Anchor's self-calls that carry an event
-- are in `events`, calls that the IDL cannot explain in `dead_letters`.
CREATE TABLE IF NOT EXISTS instructions
(
    slot UInt64 CODEC(Delta, LZ4),
    tx_index UInt32,
    outer_ix UInt16,
    inner_ix Int32,
    -- always 0
    ordinal UInt32,
    signature FixedString(64),
    block_time DateTime('UTC') CODEC(Delta, LZ4),
    program FixedString(32),
    label LowCardinality(String),
    -- '' = the IDL lists no instructions
    instruction LowCardinality(String),
    -- 1 = outer
    depth UInt8,
    -- number of the outer instruction, then at each height which call of its caller it is, from 0
    path Array(UInt16),
    -- program that called, zeros for an outer instruction
    caller FixedString(32),
    -- only `ok` left anything on chain
    result Enum8('ok' = 1, 'rolled_back' = 2, 'failed' = 3, 'not_run' = 4),
    accounts Array(FixedString(32)),
    -- names of the first accounts, as far as the IDL has them
    account_names Array(LowCardinality(String)),
    -- bytes left over after the arguments
    trailing UInt32,
    -- discriminator and arguments
    data String
)
ENGINE = MergeTree
PARTITION BY intDiv(slot, 432000)
ORDER BY (slot, tx_index, outer_ix, inner_ix, ordinal)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 1000
