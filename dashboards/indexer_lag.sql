-- title: Indexer completeness and lag
-- unit: seconds (lag), slots (the rest)
-- chart: lines; x = minute, y = lag_seconds on the left, missing_slots and not_final_slots on the right
-- parameters: minutes UInt32 = 60, the window's length up to the newest batch
--
-- From the ledger, which alone says what is complete. Missing slots above zero are a hole that no source has filled;
-- lag is the time from a batch's last block to its ledger row.
WITH
    (SELECT max(written_at) FROM ingest_ledger) AS newest
SELECT
    toStartOfMinute(written_at) AS minute,
    max(slot_hi) AS served_slot,
    sum(hole) AS missing_slots,
    max(dateDiff('second', block_time, written_at)) AS lag_seconds,
    max(toInt64(slot_hi) - toInt64(least(finalized_slot, slot_hi))) AS not_final_slots,
    sum(blocks) AS blocks
FROM
(
    SELECT
        slot_hi,
        blocks,
        last_block_slot,
        finalized_slot,
        written_at,
        max(slot_hi) OVER (ORDER BY slot_lo, part ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before,
        -- The first row is the declared start: nothing is missing before it.
        if(before = 0 OR slot_lo <= before + 1, 0, slot_lo - before - 1) AS hole
    FROM ingest_ledger
) AS batches
LEFT JOIN (SELECT slot, block_time FROM blocks) AS ends ON ends.slot = batches.last_block_slot
WHERE written_at > newest - toIntervalMinute({minutes:UInt32})
GROUP BY minute
ORDER BY minute
