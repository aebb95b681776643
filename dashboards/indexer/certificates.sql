-- title: Slots by source and proof
-- unit: slots
-- chart: bars; x = evidence, y = slots
-- as of: ledger
-- parameters: hours UInt32 = 24 in 1..168, about how far back from the newest slot, at 9,000 slots an hour
--
-- What vouches for the slots: the source that they came from, and the weakest proof that nothing of a batch's blocks is missing.
-- Block: the source sends blocks whole; count: as many transactions as the chain counted; none: neither. Missing: given up by
-- the operator. The same as the view certificates, of the window only. Confirmed blocks.
WITH
    assumeNotNull((SELECT max(slot_hi) FROM (SELECT slot_hi FROM ingest_ledger ORDER BY slot_lo DESC LIMIT 16))) AS served,
    greatest(toInt64(served) - 9000 * toInt64({hours:UInt32}), 0) AS first_slot,
    -- The newest retraction: what it takes back is in force no more, though it may be there a little longer.
    (SELECT (argMax(toUInt64(epoch), seq), argMax(slot_lo, seq), argMax(slot_hi, seq)) FROM retractions) AS gone,
    batches AS
    (
        SELECT toUInt8(1) AS one, slot_lo, slot_hi, toString(source) AS told_by, toUInt64(blocks) AS holds
        FROM ingest_ledger
        WHERE slot_lo > first_slot AND NOT ifNull(epoch < gone.1 AND slot_lo <= gone.3 AND slot_hi >= gone.2, 0)
        ORDER BY slot_lo, epoch DESC
        LIMIT 1 BY slot_lo
    )
SELECT evidence, sum(length) AS slots, sum(holds) AS blocks, sum(kept) AS transactions, count() AS certificates
FROM
(
    SELECT
        concat(batches.told_by, ', proof: ', if(proofs.slot_lo = batches.slot_lo, proofs.proof, 'no block')) AS evidence,
        batches.slot_hi - batches.slot_lo + 1 AS length,
        batches.holds AS holds,
        proofs.kept AS kept
    FROM batches
    LEFT JOIN
    (
        SELECT slot_lo, toString(min(proof)) AS proof, sum(toUInt64(transactions)) AS kept
        FROM
        (
            SELECT toUInt8(1) AS one, slot, proof, transactions FROM blocks WHERE slot > first_slot AND slot <= served
        ) AS shown
        ASOF JOIN batches ON shown.one = batches.one AND shown.slot >= batches.slot_lo
        GROUP BY slot_lo
    ) AS proofs ON proofs.slot_lo = batches.slot_lo
    UNION ALL
    SELECT 'missing', missing.slot_hi - missing.slot_lo + 1, 0, 0
    FROM
    (
        SELECT DISTINCT toUInt8(1) AS one, slot_lo, slot_hi FROM gaps WHERE state = 'accepted' AND slot_lo > first_slot
    ) AS missing
    ASOF LEFT JOIN batches ON missing.one = batches.one AND missing.slot_lo >= batches.slot_lo
    -- What was filled since is missing no more.
    WHERE NOT (batches.slot_lo > 0 AND batches.slot_hi >= missing.slot_lo)
)
GROUP BY evidence
ORDER BY slots DESC, evidence
LIMIT 100
