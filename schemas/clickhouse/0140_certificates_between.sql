-- What is vouched for, slot by slot, from one slot to another: one row per ledger row in force (`proven`) and per gap that
-- the operator does without (`missing`). `proof` is the weakest of its blocks: `block` = the source sends blocks whole,
-- `count` = as many transactions as the chain counted, `none` = neither.
CREATE VIEW IF NOT EXISTS certificates_between AS
WITH (SELECT (argMax(toUInt64(epoch), seq), argMax(slot_lo, seq), argMax(slot_hi, seq)) FROM retractions) AS gone
SELECT
    l.slot_lo AS slot_lo,
    l.slot_hi AS slot_hi,
    'proven' AS status,
    l.parent_slot AS parent_slot,
    l.parent_blockhash AS parent_blockhash,
    l.last_block_slot AS last_block_slot,
    l.last_blockhash AS last_blockhash,
    toUInt64(l.blocks) AS blocks,
    toUInt64(l.slot_hi - l.slot_lo + 1 - l.blocks) AS skipped,
    b.executed AS transactions_executed,
    b.matched AS transactions_matched,
    b.failed AS transactions_failed,
    toString(l.source) AS source,
    b.proof AS proof,
    l.epoch AS epoch,
    l.seq AS seq,
    '' AS reason,
    l.written_at AS at
FROM
(
    SELECT * FROM ingest_ledger
    WHERE slot_hi >= {from:UInt64} AND slot_lo <= {to:UInt64}
        AND NOT ifNull(epoch < gone.1 AND slot_lo <= gone.3 AND slot_hi >= gone.2, 0)
    ORDER BY slot_lo, epoch DESC
    LIMIT 1 BY slot_lo
) AS l
LEFT JOIN
(
    SELECT
        slot_lo,
        sum(executed_transactions) AS executed,
        sum(toUInt64(transactions)) AS matched,
        sum(toUInt64(failed_transactions)) AS failed,
        toString(min(proof)) AS proof
    FROM (
        SELECT toUInt8(1) AS one, slot, executed_transactions, transactions, failed_transactions, proof FROM blocks
        WHERE slot >= (SELECT min(slot_lo) FROM ingest_ledger WHERE slot_hi >= {from:UInt64} AND slot_lo <= {to:UInt64})
            AND slot <= (SELECT max(slot_hi) FROM ingest_ledger WHERE slot_hi >= {from:UInt64} AND slot_lo <= {to:UInt64})
    ) AS s
    ASOF JOIN (
        SELECT toUInt8(1) AS one, slot_lo FROM ingest_ledger WHERE slot_hi >= {from:UInt64} AND slot_lo <= {to:UInt64}
    ) AS r ON s.one = r.one AND s.slot >= r.slot_lo
    GROUP BY slot_lo
) AS b ON l.slot_lo = b.slot_lo
UNION ALL
SELECT
    slot_lo,
    slot_hi,
    'missing' AS status,
    toUInt64(0) AS parent_slot,
    toFixedString('', 32) AS parent_blockhash,
    toUInt64(0) AS last_block_slot,
    toFixedString('', 32) AS last_blockhash,
    toUInt64(0) AS blocks,
    toUInt64(0) AS skipped,
    toUInt64(0) AS transactions_executed,
    toUInt64(0) AS transactions_matched,
    toUInt64(0) AS transactions_failed,
    argMax(toString(g.source), g.at) AS source,
    'none' AS proof,
    toUInt32(0) AS epoch,
    toUInt64(0) AS seq,
    argMax(g.reason, g.at) AS reason,
    max(g.at) AS at
FROM gaps AS g
WHERE g.state = 'accepted' AND g.slot_hi >= {from:UInt64} AND g.slot_lo <= {to:UInt64}
    -- what was proven since, empty or filled, is missing no more
    AND g.slot_lo NOT IN (
        SELECT arrayJoin(arrayFilter(s -> s >= l.slot_lo AND s <= l.slot_hi, (SELECT groupUniqArray(slot_lo) FROM gaps WHERE state = 'accepted')))
        FROM ingest_ledger AS l WHERE l.slot_hi >= {from:UInt64} AND l.slot_lo <= {to:UInt64}
    )
GROUP BY slot_lo, slot_hi
