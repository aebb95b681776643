-- Every event up to a slot of some jobs: two reads, of what lies where most of them began, and of the few that began before.
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
FROM
(
    SELECT
        program, job, slot, tx_index, outer_ix, inner_ix, ordinal, block_time, kind, requester, price, node, operator, authority, treasury,
        incentive, treasury_amount, incentive_amount, signature
    FROM canonical_events
    WHERE slot <= {to} AND kind IN ('JobCreated', 'JobAssigned', 'JobCompleted', 'JobFailed', 'JobCancelled', 'PaymentDistributed')
        AND {recent}
    UNION ALL
    SELECT
        program, job, slot, tx_index, outer_ix, inner_ix, ordinal, block_time, kind, requester, price, node, operator, authority, treasury,
        incentive, treasury_amount, incentive_amount, signature
    FROM canonical_events
    WHERE slot <= {to} AND kind IN ('JobCreated', 'JobAssigned', 'JobCompleted', 'JobFailed', 'JobCancelled', 'PaymentDistributed')
        AND {old}
)
ORDER BY program, job, slot, tx_index, outer_ix, inner_ix, ordinal
