-- Every event up to slot {to} of the jobs that something was heard of from slot {from} on, or whose day is over.
-- Assignments that expire were made in the 24 hours that end {due_from} and {due_to} (Unix seconds) leave open.
SELECT
    program,
    job,
    slot,
    toUnixTimestamp(block_time) AS time,
    toInt8(kind) AS what,
    requester,
    price,
    node,
    operator,
    authority,
    treasury,
    incentive,
    treasury_amount,
    incentive_amount,
    signature
FROM canonical_events
WHERE slot <= {to}
    AND kind IN ('JobCreated', 'JobAssigned', 'JobCompleted', 'JobFailed', 'JobCancelled', 'PaymentDistributed')
    AND job IN
    (
        SELECT job
        FROM canonical_events
        WHERE slot BETWEEN {from} AND {to}
            AND kind IN ('JobCreated', 'JobAssigned', 'JobCompleted', 'JobFailed', 'JobCancelled', 'PaymentDistributed')
            AND job != toFixedString('', 32)
        UNION ALL
        SELECT job
        FROM canonical_events
        WHERE kind = 'JobAssigned' AND slot <= {to}
            AND block_time > toDateTime({due_from}, 'UTC') AND block_time <= toDateTime({due_to}, 'UTC')
            AND job != toFixedString('', 32)
    )
ORDER BY program, job, slot, tx_index, outer_ix, inner_ix, ordinal
