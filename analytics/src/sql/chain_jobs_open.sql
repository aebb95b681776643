-- Whatever ends a job comes after what created it.
SELECT job FROM canonical_events
WHERE block_time >= toDateTime({since}, 'UTC') AND slot <= (SELECT max(slot_hi) FROM ingest_ledger) AND job > {after}
    AND kind IN ('JobCreated', 'JobAssigned', 'JobCompleted', 'JobFailed', 'JobCancelled', 'PaymentDistributed')
GROUP BY job
HAVING countIf(kind = 'JobCreated') > 0 AND countIf(kind != 'JobCreated') = 0
ORDER BY job
LIMIT {limit}
