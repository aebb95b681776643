-- Canonical events that were taken back, under the epoch of their retraction.
CREATE TABLE IF NOT EXISTS retracted_events
(
    epoch UInt32,
    slot UInt64 CODEC(Delta, LZ4),
    tx_index UInt32,
    outer_ix UInt16,
    inner_ix Int32,
    ordinal UInt32,
    signature FixedString(64),
    block_time DateTime('UTC') CODEC(Delta, LZ4),
    kind Enum8('NodeRegistered' = 1, 'NodeStatusChanged' = 2, 'NodeDeregistered' = 3, 'JobCreated' = 4,
        'JobAssigned' = 5, 'JobCompleted' = 6, 'JobFailed' = 7, 'JobCancelled' = 8, 'PaymentDistributed' = 9,
        'PaymentProcessed' = 10),
    program FixedString(32),
    label LowCardinality(String),
    job FixedString(32),
    node FixedString(32),
    requester FixedString(32),
    operator FixedString(32),
    authority FixedString(32),
    treasury FixedString(32),
    incentive FixedString(32),
    name String,
    node_name String,
    job_type LowCardinality(String),
    status LowCardinality(String),
    price UInt64,
    operator_amount UInt64,
    treasury_amount UInt64,
    incentive_amount UInt64,
    duration Int64,
    result_hash String,
    logs_url String,
    event_time Int64
)
ENGINE = MergeTree
PARTITION BY intDiv(slot, 432000)
ORDER BY (epoch, slot, tx_index, outer_ix, inner_ix, ordinal)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 1000
