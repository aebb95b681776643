-- Everything that final facts say of one job, in order: job_history(job = 'ADDRESS'). `step` is created, assigned, completed,
-- failed, cancelled, paid or expired; `by` who signed or did it; `consent`, of an assignment: its signer is the node's owner.
-- A job that expired has the signature of the assignment, and the slot from which it counts.
CREATE VIEW IF NOT EXISTS job_history AS
WITH toFixedString(tryBase58Decode({job:String}), 32) AS wanted, toFixedString('', 32) AS nobody
SELECT
    slot, block_time, step, base58Encode(signature) AS signature,
    if(doer = nobody, '', base58Encode(doer)) AS by,
    if(whom = nobody, '', base58Encode(whom)) AS node_id,
    consent, price, operator_amount, treasury_amount, incentive_amount,
    if(to_treasury = nobody, '', base58Encode(to_treasury)) AS treasury_account,
    if(to_incentive = nobody, '', base58Encode(to_incentive)) AS incentive_account,
    result_hash, label
FROM
(
    SELECT
        slot, tx_index, outer_ix, inner_ix, ordinal, block_time, signature,
        transform(toString(kind),
            ['JobCreated', 'JobAssigned', 'JobCompleted', 'JobFailed', 'JobCancelled', 'PaymentDistributed'],
            ['created', 'assigned', 'completed', 'failed', 'cancelled', 'paid'], toString(kind)) AS step,
        multiIf(kind IN ('JobCreated', 'JobCancelled'), requester, kind = 'JobAssigned', authority, operator) AS doer,
        node AS whom,
        kind = 'JobAssigned' AND authority = operator AND operator != nobody AS consent,
        price, operator_amount, treasury_amount, incentive_amount,
        treasury AS to_treasury, incentive AS to_incentive, result_hash, name AS label
    FROM canonical_events
    WHERE job = wanted AND job != nobody AND slot <= (SELECT max(finalized_slot) FROM ingest_ledger)
    UNION ALL
    SELECT
        slot, 4294967295, 65535, 2147483647, 4294967295, toDateTime(day * 86400, 'UTC'), signature, 'expired', requester, node, false,
        0, 0, 0, 0, nobody, nobody, '', ''
    FROM reputation_evidence FINAL
    WHERE kind = 'expired' AND job = wanted AND job != nobody
        -- Its node is one that the job was assigned to: that is how evidence is found without reading all of it.
        AND node IN (SELECT node FROM canonical_events WHERE job = wanted AND kind = 'JobAssigned')
)
ORDER BY slot, tx_index, outer_ix, inner_ix, ordinal
