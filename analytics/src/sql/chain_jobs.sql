-- All that is in force about some jobs: what the ledger does not cover yet may still be another's.
SELECT job, created, assigned, completed, failed, paid, cancelled, creation.1 AS requester, creation.2 AS label, creation.3 AS job_type,
    creation.4 AS price, creation.5 AS at, creation.6 AS slot, creation.7 AS tx_index, creation.8 AS outer_ix,
    creation.9 AS inner_ix
FROM
(
    SELECT job, countIf(kind = 'JobCreated') AS created, countIf(kind = 'JobAssigned') AS assigned,
        countIf(kind = 'JobCompleted') AS completed, countIf(kind = 'JobFailed') AS failed,
        countIf(kind = 'PaymentDistributed') AS paid, countIf(kind = 'JobCancelled') AS cancelled,
        argMaxIf((requester, name, toString(job_type), price, toInt64(toUnixTimestamp(block_time)), slot, tx_index, outer_ix,
            inner_ix), (slot, tx_index, outer_ix, inner_ix, ordinal), kind = 'JobCreated') AS creation
    FROM canonical_events
    WHERE job IN ({jobs}) AND slot <= (SELECT max(slot_hi) FROM ingest_ledger)
    GROUP BY job
)
