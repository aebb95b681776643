-- The jobs that something was heard of from slot {from} to {to}, or whose day is over: assignments that expire were made in the 24
-- hours that end {due_from} and {due_to} (Unix seconds) leave open.
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
