-- Everything that final facts say of one node, in order: node_history(node = 'ADDRESS'). `step` is registered, status (with it
-- in `detail`), deregistered, assigned, completed (a job assigned to it, signed by its owner), and evidence for its score:
-- good, failed or expired (units of 1/2^20 in `units`).
CREATE VIEW IF NOT EXISTS node_history AS
WITH toFixedString(tryBase58Decode({node:String}), 32) AS wanted, toFixedString('', 32) AS nobody
SELECT
    slot, block_time, step, base58Encode(signature) AS signature,
    if(about = nobody, '', base58Encode(about)) AS job_id,
    if(doer = nobody, '', base58Encode(doer)) AS by,
    detail, units
FROM
(
    SELECT
        slot, tx_index, outer_ix, inner_ix, ordinal, block_time, signature,
        transform(toString(kind),
            ['NodeRegistered', 'NodeStatusChanged', 'NodeDeregistered', 'JobAssigned', 'JobCompleted', 'JobFailed'],
            ['registered', 'status', 'deregistered', 'assigned', 'completed', 'failed by event'], toString(kind)) AS step,
        job AS about, if(kind = 'JobAssigned', authority, operator) AS doer, toString(status) AS detail, toUInt64(0) AS units
    FROM canonical_events
    WHERE node = wanted AND node != nobody AND slot <= (SELECT max(finalized_slot) FROM ingest_ledger)
    UNION ALL
    SELECT
        slot, tx_index, outer_ix, inner_ix, ordinal, block_time, signature, 'completed', job, operator, '', 0
    FROM canonical_events
    WHERE kind = 'JobCompleted' AND node = nobody AND slot <= (SELECT max(finalized_slot) FROM ingest_ledger)
        AND (job, operator) IN (SELECT job, operator FROM canonical_events WHERE node = wanted AND node != nobody AND kind = 'JobAssigned')
        AND job IN (SELECT job FROM canonical_events WHERE node = wanted AND node != nobody AND kind = 'JobAssigned')
    UNION ALL
    SELECT
        slot, 4294967295, 65535, 2147483647, 4294967295, toDateTime(day * 86400, 'UTC'), signature, toString(kind), job, requester,
        '', units
    FROM reputation_evidence FINAL
    WHERE node = wanted AND node != nobody
)
ORDER BY slot, tx_index, outer_ix, inner_ix, ordinal
