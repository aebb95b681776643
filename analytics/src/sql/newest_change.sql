-- As in changes.sql: a retraction that is at work is not told yet.
WITH (SELECT [argMax(toUInt64(epoch), seq), argMax(slot_lo, seq), argMax(slot_hi, seq), max(seq)] FROM retractions) AS gone,
    (SELECT count() FROM ingest_ledger WHERE epoch < gone[1] AND slot_lo <= gone[3] AND slot_hi >= gone[2]) AS at_work
SELECT max(seq) FROM (SELECT seq FROM ingest_ledger UNION ALL SELECT seq FROM retractions)
WHERE at_work = 0 OR seq < gone[4]
