-- One row per job account (PDA) that any job event or settlement up to slot {as_of} names.
-- The account address is the identity: the chain's job_id is a label that two clients may share.
-- `node` is the node of the latest assignment. Anyone may sign an assignment, so it proves the node's consent
-- only where the signer is the node's operator. Anyone may sign a result, too: `completion_node` is set only
-- if the event itself names a node account or its operator is the assignment's; otherwise it stays zeros.
-- Durations are block time, in milliseconds: `run_ms` assigned to completed (or as the program measured it),
-- `wait_ms` created to first assigned, `total_ms` created to completed; -1 where an end is unknown.
-- Each column is an aggregate of its own, so that a query pays only for those that it reads.
CREATE OR REPLACE VIEW job_facts AS
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
    created_name AS label,
    created_requester AS requester,
    if(created, created_type, 'unknown') AS job_type,
    if(created, created_price, completed_price) AS price,
    created_slot,
    created_time,
    created_signature,
    assigned_node AS node,
    assigned_label AS node_label,
    assigned_operator AS operator,
    assigned AND assigned_authority = assigned_operator AND assigned_operator != toFixedString('', 32) AS consent,
    assigned_slot,
    assigned_time,
    assigned_signature,
    completed_operator AS completed_by,
    multiIf(
        completed_node != toFixedString('', 32), completed_node,
        completed_operator = assigned_operator AND completed_operator != toFixedString('', 32), assigned_node,
        toFixedString('', 32)
    ) AS completion_node,
    completed_hash AS result_hash,
    completed_logs AS logs_url,
    completed_slot,
    completed_time,
    completed_signature,
    multiIf(
        NOT completed, toInt64(-1),
        completed_duration > 0, least(completed_duration, toInt64(9000000000000)) * 1000,
        NOT assigned, toInt64(-1),
        greatest(toInt64(completed_time) - toInt64(assigned_time), toInt64(0)) * 1000
    ) AS run_ms,
    if(
        completed AND created,
        greatest(toInt64(completed_time) - toInt64(created_time), toInt64(0)) * 1000,
        toInt64(-1)
    ) AS total_ms,
    if(
        created AND assigned,
        greatest(toInt64(first_assigned_time) - toInt64(created_time), toInt64(0)) * 1000,
        toInt64(-1)
    ) AS wait_ms,
    failed_slot,
    failed_time,
    cancelled_slot,
    cancelled_time,
    settled_operator_amount AS operator_amount,
    settled_treasury_amount AS treasury_amount,
    settled_incentive_amount AS incentive_amount,
    settled_treasury AS treasury_account,
    settled_incentive AS incentive_account,
    settled_slot,
    settled_time,
    settled_signature
FROM
(
    SELECT
        job,
        max(kind = 'JobCreated') AS created,
        max(kind = 'JobAssigned') AS assigned,
        max(kind = 'JobCompleted') AS completed,
        max(kind = 'JobFailed') AS failed,
        max(kind = 'JobCancelled') AS cancelled,
        max(kind = 'PaymentDistributed') AS settled,
        argMinIf(name, at, kind = 'JobCreated') AS created_name,
        argMinIf(requester, at, kind = 'JobCreated') AS created_requester,
        argMinIf(job_type, at, kind = 'JobCreated') AS created_type,
        argMinIf(price, at, kind = 'JobCreated') AS created_price,
        argMinIf(slot, at, kind = 'JobCreated') AS created_slot,
        argMinIf(block_time, at, kind = 'JobCreated') AS created_time,
        argMinIf(signature, at, kind = 'JobCreated') AS created_signature,
        argMinIf(block_time, at, kind = 'JobAssigned') AS first_assigned_time,
        argMaxIf(node, at, kind = 'JobAssigned') AS assigned_node,
        argMaxIf(node_name, at, kind = 'JobAssigned') AS assigned_label,
        argMaxIf(operator, at, kind = 'JobAssigned') AS assigned_operator,
        argMaxIf(authority, at, kind = 'JobAssigned') AS assigned_authority,
        argMaxIf(slot, at, kind = 'JobAssigned') AS assigned_slot,
        argMaxIf(block_time, at, kind = 'JobAssigned') AS assigned_time,
        argMaxIf(signature, at, kind = 'JobAssigned') AS assigned_signature,
        argMinIf(operator, at, kind = 'JobCompleted') AS completed_operator,
        argMinIf(node, at, kind = 'JobCompleted') AS completed_node,
        argMinIf(price, at, kind = 'JobCompleted') AS completed_price,
        argMinIf(duration, at, kind = 'JobCompleted') AS completed_duration,
        argMinIf(result_hash, at, kind = 'JobCompleted') AS completed_hash,
        argMinIf(logs_url, at, kind = 'JobCompleted') AS completed_logs,
        argMinIf(slot, at, kind = 'JobCompleted') AS completed_slot,
        argMinIf(block_time, at, kind = 'JobCompleted') AS completed_time,
        argMinIf(signature, at, kind = 'JobCompleted') AS completed_signature,
        argMinIf(slot, at, kind = 'JobFailed') AS failed_slot,
        argMinIf(block_time, at, kind = 'JobFailed') AS failed_time,
        argMinIf(slot, at, kind = 'JobCancelled') AS cancelled_slot,
        argMinIf(block_time, at, kind = 'JobCancelled') AS cancelled_time,
        argMinIf(operator_amount, at, kind = 'PaymentDistributed') AS settled_operator_amount,
        argMinIf(treasury_amount, at, kind = 'PaymentDistributed') AS settled_treasury_amount,
        argMinIf(incentive_amount, at, kind = 'PaymentDistributed') AS settled_incentive_amount,
        argMinIf(treasury, at, kind = 'PaymentDistributed') AS settled_treasury,
        argMinIf(incentive, at, kind = 'PaymentDistributed') AS settled_incentive,
        argMinIf(slot, at, kind = 'PaymentDistributed') AS settled_slot,
        argMinIf(block_time, at, kind = 'PaymentDistributed') AS settled_time,
        argMinIf(signature, at, kind = 'PaymentDistributed') AS settled_signature
    FROM
    (
        SELECT
            *,
            -- The place on chain as one number, since numbers compare faster than tuples: 40 bits of slot, 24 of
            -- transaction, 16 each of outer and inner instruction (0 = the outer one itself), 32 of ordinal.
            bitOr(
                bitShiftLeft(toUInt128(bitOr(bitShiftLeft(slot, 24), toUInt64(tx_index))), 64),
                toUInt128(bitOr(
                    bitOr(bitShiftLeft(toUInt64(outer_ix), 48), bitShiftLeft(toUInt64(inner_ix + 1), 32)),
                    toUInt64(ordinal)
                ))
            ) AS at
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
