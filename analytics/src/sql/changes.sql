-- Ledger rows and retractions by number. A retraction that is still at work is not told yet, nor what follows it. While a
-- row is replaced by what stays of it, both have its number.
WITH (SELECT [argMax(toUInt64(epoch), seq), argMax(slot_lo, seq), argMax(slot_hi, seq), max(seq)] FROM retractions) AS gone,
    (SELECT count() FROM ingest_ledger WHERE epoch < gone[1] AND slot_lo <= gone[3] AND slot_hi >= gone[2]) AS at_work
SELECT seq, change, slot_lo, slot_hi, epoch, reason
FROM
(
    SELECT seq, 'insert' AS change, slot_lo, slot_hi, epoch, '' AS reason FROM ingest_ledger WHERE seq > {after}
    UNION ALL
    SELECT seq, 'retract' AS change, slot_lo, slot_hi, epoch, toString(reason) AS reason FROM retractions WHERE seq > {after}
)
WHERE at_work = 0 OR seq < gone[4]
ORDER BY seq, epoch DESC
LIMIT 1 BY seq
LIMIT {limit}
