-- What each event of slots {from} to {to} changed in its job: the job as it stood before and after, by all its events up
-- to then. The same rules as the view job_facts, so that sums over changes are sums over jobs. A condition bounds the jobs
-- that are read: those that something was heard of, or a stretch of addresses.
SELECT
    slot, tx_index, outer_ix, inner_ix, ordinal, kind, block_time, job, creation.4 AS requester, whom AS node,
    first,
    was.1 AS state_before, now.1 AS state_after,
    was.2 AS type_before, now.2 AS type_after,
    toInt128(now.3) - toInt128(was.3) AS locked,
    toInt128(now.4) - toInt128(was.4) AS completed_price,
    was.5 AS run_before, now.5 AS run_after,
    was.6 AS wait_before, now.6 AS wait_after,
    was.7 AS total_before, now.7 AS total_after,
    operator_amount, treasury_amount, incentive_amount
FROM
(
    SELECT
        *,
        lagInFrame(now, 1, ('none', '', toUInt64(0), toUInt64(0), toInt64(-1), toInt64(-1), toInt64(-1))) OVER (
            PARTITION BY job ORDER BY slot, tx_index, outer_ix, inner_ix, ordinal, kind
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS was
    FROM
    (
        SELECT
            slot, tx_index, outer_ix, inner_ix, ordinal, kind, block_time, job,
            operator_amount, treasury_amount, incentive_amount,
            job != toFixedString('', 32) AS named,
            named AND row_number() OVER (PARTITION BY job, kind ORDER BY slot, tx_index, outer_ix, inner_ix, ordinal) = 1
                AS first,
            max(kind = 'JobCreated') OVER upto AS created,
            max(kind = 'JobAssigned') OVER upto AS assigned,
            max(kind = 'JobCompleted') OVER upto AS completed,
            max(kind = 'JobFailed') OVER upto AS failed,
            max(kind = 'JobCancelled') OVER upto AS cancelled,
            max(kind = 'PaymentDistributed') OVER upto AS settled,
            -- Zeros where nothing has said it yet; at = the place on chain, whose first and last are asked for.
            argMinIf(tuple(price, toString(job_type), toInt64(block_time), requester), at, kind = 'JobCreated') OVER upto
                AS creation,
            argMinIf(tuple(price, duration, toInt64(block_time), node, operator), at, kind = 'JobCompleted') OVER upto
                AS completion,
            argMinIf(toInt64(block_time), at, kind = 'JobAssigned') OVER upto AS assigned_first,
            argMaxIf(tuple(toInt64(block_time), node, operator), at, kind = 'JobAssigned') OVER upto AS assignment,
            -- A result counts for the node that it names, or for the assigned one if that one's operator signed it.
            multiIf(
                kind IN ('JobAssigned', 'JobFailed'), assignment.2,
                kind NOT IN ('JobCompleted', 'PaymentDistributed') OR NOT completed, toFixedString('', 32),
                completion.4 != toFixedString('', 32), completion.4,
                completion.5 = assignment.3 AND completion.5 != toFixedString('', 32), assignment.2,
                toFixedString('', 32)) AS whom,
            tuple(
                multiIf(NOT named, 'none', completed, 'completed', failed, 'failed', cancelled, 'cancelled', assigned, 'assigned',
                    created, 'created', 'unknown'),
                multiIf(NOT named, '', created, creation.2, 'unknown'),
                if(created AND NOT settled AND NOT cancelled, creation.1, 0),
                multiIf(NOT completed, 0, created, creation.1, completion.1),
                multiIf(
                    NOT completed, toInt64(-1),
                    completion.2 > 0, least(completion.2, toInt64(9000000000000)) * 1000,
                    NOT assigned, toInt64(-1),
                    greatest(completion.3 - assignment.1, toInt64(0)) * 1000),
                if(created AND assigned, greatest(assigned_first - creation.3, toInt64(0)) * 1000, toInt64(-1)),
                if(completed AND created, greatest(completion.3 - creation.3, toInt64(0)) * 1000, toInt64(-1))
            ) AS now
        FROM
        (
            SELECT
                *,
                bitOr(
                    bitShiftLeft(toUInt128(bitOr(bitShiftLeft(slot, 24), toUInt64(tx_index))), 64),
                    toUInt128(bitOr(
                        bitOr(bitShiftLeft(toUInt64(outer_ix), 48), bitShiftLeft(toUInt64(inner_ix + 1), 32)),
                        toUInt64(ordinal)
                    ))
                ) AS at
            FROM
            (
                -- Reads along an index each: one condition over all of them would read everything there is.
                {named}
                UNION ALL
                -- A payment that names no job changes none, and counts as a payment.
                SELECT
                    slot, tx_index, outer_ix, inner_ix, ordinal, kind, block_time, job, node, requester, operator, job_type, price,
                    duration, operator_amount, treasury_amount, incentive_amount
                FROM canonical_events
                WHERE slot BETWEEN {from} AND {to} AND job = toFixedString('', 32) AND kind = 'PaymentDistributed'
                    AND {unnamed}
            )
        )
        WINDOW upto AS (
            PARTITION BY job ORDER BY slot, tx_index, outer_ix, inner_ix, ordinal, kind
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
    )
)
WHERE slot >= {from}
