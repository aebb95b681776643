-- title: Slots stored
-- unit: percent
-- chart: number; y = complete
-- as of: ledger
-- parameters: none
--
-- Slots of which the ledger says that they are stored, or proven to hold no block, between the first and the last one. Less
-- than 100: a hole that no source has filled (see the gaps). Confirmed blocks.
WITH
    (SELECT max(slot_hi) FROM (SELECT slot_hi FROM ingest_ledger ORDER BY slot_lo DESC LIMIT 16)) AS last,
    (SELECT max(finalized_slot) FROM (SELECT finalized_slot FROM ingest_ledger ORDER BY slot_lo DESC LIMIT 16)) AS final
SELECT
    floor(if(batches = 0, 100, 100 * stored / span), 4) AS complete,
    span - stored AS missing_slots,
    first_slot,
    assumeNotNull(last) AS last_slot,
    assumeNotNull(least(final, last)) AS last_final_slot,
    batches
FROM
(
    SELECT
        count() AS batches,
        min(slot_lo) AS first_slot,
        if(batches = 0, 0, assumeNotNull(toInt64(last)) - toInt64(first_slot) + 1) AS span,
        -- Sums of whole columns: a long ledger is read fast, and slots are too small to overflow.
        least(toInt64(sum(slot_hi)) - toInt64(sum(slot_lo)) + toInt64(batches), span) AS stored
    FROM ingest_ledger
)
