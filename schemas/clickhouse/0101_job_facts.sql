-- One row per job account (PDA) that any job event or settlement up to slot {as_of} names.
-- The account address is the identity: the chain's job_id is a label that two clients may share.
-- `node` is the node of the latest assignment. Anyone may sign an assignment, so it proves the node's consent
-- only where the signer is the node's operator. Anyone may sign a result, too: `completion_node` is set only
-- if the event itself names a node account or its operator is the assignment's; otherwise it stays zeros.
-- Durations are block time, in milliseconds: `run_ms` assigned to completed (or as the program measured it),
-- `total_ms` created to completed; -1 where an end is unknown.
CREATE VIEW IF NOT EXISTS job_facts AS
SELECT
    job,
    created,
    assigned,
    completed,
    failed,
    cancelled,
    settled,
    multiIf(
        completed, 'completed',
        failed, 'failed',
        cancelled, 'cancelled',
        assigned, 'assigned',
        created, 'created',
        'unknown'
    ) AS state,
    creation.1 AS label,
    creation.2 AS requester,
    if(created, toString(creation.3), 'unknown') AS job_type,
    if(created, creation.4, completion.3) AS price,
    creation.5 AS created_slot,
    creation.6 AS created_time,
    creation.7 AS created_signature,
    assignment.1 AS node,
    assignment.2 AS node_label,
    assignment.3 AS operator,
    assigned AND assignment.4 = assignment.3 AND assignment.3 != toFixedString('', 32) AS consent,
    assignment.5 AS assigned_slot,
    assignment.6 AS assigned_time,
    assignment.7 AS assigned_signature,
    completion.1 AS completed_by,
    multiIf(
        completion.2 != toFixedString('', 32), completion.2,
        completion.1 = assignment.3 AND completion.1 != toFixedString('', 32), assignment.1,
        toFixedString('', 32)
    ) AS completion_node,
    completion.5 AS result_hash,
    completion.6 AS logs_url,
    completion.7 AS completed_slot,
    completion.8 AS completed_time,
    completion.9 AS completed_signature,
    multiIf(
        NOT completed, toInt64(-1),
        completion.4 > 0, least(completion.4, toInt64(9000000000000)) * 1000,
        NOT assigned, toInt64(-1),
        greatest(toInt64(completion.8) - toInt64(assignment.6), toInt64(0)) * 1000
    ) AS run_ms,
    if(
        completed AND created,
        greatest(toInt64(completion.8) - toInt64(creation.6), toInt64(0)) * 1000,
        toInt64(-1)
    ) AS total_ms,
    failure.1 AS failed_slot,
    failure.2 AS failed_time,
    cancellation.1 AS cancelled_slot,
    cancellation.2 AS cancelled_time,
    settlement.1 AS operator_amount,
    settlement.2 AS treasury_amount,
    settlement.3 AS incentive_amount,
    settlement.4 AS operator_account,
    settlement.5 AS treasury_account,
    settlement.6 AS incentive_account,
    settlement.7 AS settled_slot,
    settlement.8 AS settled_time,
    settlement.9 AS settled_signature
FROM
(
    SELECT
        job,
        countIf(kind = 'JobCreated') > 0 AS created,
        countIf(kind = 'JobAssigned') > 0 AS assigned,
        countIf(kind = 'JobCompleted') > 0 AS completed,
        countIf(kind = 'JobFailed') > 0 AS failed,
        countIf(kind = 'JobCancelled') > 0 AS cancelled,
        countIf(kind = 'PaymentDistributed') > 0 AS settled,
        argMinIf((name, requester, job_type, price, slot, block_time, signature), at, kind = 'JobCreated') AS creation,
        argMaxIf(
            (node, node_name, operator, authority, slot, block_time, signature),
            at,
            kind = 'JobAssigned'
        ) AS assignment,
        argMinIf(
            (operator, node, price, duration, result_hash, logs_url, slot, block_time, signature),
            at,
            kind = 'JobCompleted'
        ) AS completion,
        argMinIf((slot, block_time), at, kind = 'JobFailed') AS failure,
        argMinIf((slot, block_time), at, kind = 'JobCancelled') AS cancellation,
        argMinIf(
            (
                operator_amount,
                treasury_amount,
                incentive_amount,
                operator,
                treasury,
                incentive,
                slot,
                block_time,
                signature
            ),
            at,
            kind = 'PaymentDistributed'
        ) AS settlement
    FROM
    (
        SELECT
            *,
            (slot, tx_index, outer_ix, inner_ix, ordinal) AS at
        FROM canonical_events
        WHERE slot <= {as_of:UInt64}
            AND kind IN (
                'JobCreated',
                'JobAssigned',
                'JobCompleted',
                'JobFailed',
                'JobCancelled',
                'PaymentDistributed'
            )
            AND job != toFixedString('', 32)
    )
    GROUP BY job
)
