-- What each final job event changed: the job before and after it, by the rules of job_facts, so that sums over changes are
-- sums over jobs. One row per event that names a job. Kept from the finalized chain, a little behind it: rows beyond the
-- checkpoint in metrics_hours are of a step that did not end.
CREATE TABLE IF NOT EXISTS job_changes
(
    slot UInt64 CODEC(Delta, LZ4),
    tx_index UInt32,
    outer_ix UInt16,
    inner_ix Int32,
    ordinal UInt32,
    kind Enum8('JobCreated' = 4, 'JobAssigned' = 5, 'JobCompleted' = 6, 'JobFailed' = 7, 'JobCancelled' = 8,
        'PaymentDistributed' = 9),
    block_time DateTime('UTC') CODEC(Delta, LZ4),
    job FixedString(32),
    -- who created it; zeros before that is known
    requester FixedString(32),
    -- whom the event is about: the assigned node; of a result or payment, the node that it counts for; zeros: none
    node FixedString(32),
    -- the job's first event of this kind
    first Bool,
    -- none, unknown, created, assigned, completed, failed or cancelled
    state_before LowCardinality(String),
    state_after LowCardinality(String),
    -- '' before the first event, 'unknown' without a creation
    type_before LowCardinality(String),
    type_after LowCardinality(String),
    -- base units more that are created and neither settled nor cancelled; price of completed jobs more
    locked Int128,
    completed_price Int128,
    -- milliseconds of block time, -1 unknown: assigned to completed, created to first assigned, created to completed
    run_before Int64,
    run_after Int64,
    wait_before Int64,
    wait_after Int64,
    total_before Int64,
    total_after Int64,
    operator_amount UInt64,
    treasury_amount UInt64,
    incentive_amount UInt64,
    INDEX by_time block_time TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY intDiv(slot, 4320000)
ORDER BY (slot, tx_index, outer_ix, inner_ix, ordinal, kind)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 0
