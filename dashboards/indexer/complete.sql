-- title: Slots stored
-- unit: percent
-- chart: number; y = complete
-- as of: ledger
-- parameters: none
--
-- Slots of which the ledger says that they are stored, or proven to hold no block, between the first and the last one. Less
-- than 100: a hole that no source has filled (see the gaps). Confirmed blocks.
SELECT
    floor(if(batches = 0, 100, 100 * stored / span), 4) AS complete,
    span - stored AS missing_slots,
    first_slot,
    last_slot,
    last_final_slot,
    batches
FROM
(
    SELECT
        count() AS batches,
        min(slot_lo) AS first_slot,
        max(slot_hi) AS last_slot,
        least(max(finalized_slot), last_slot) AS last_final_slot,
        if(batches = 0, 0, toInt64(last_slot - first_slot + 1)) AS span,
        least(toInt64(sum(slot_hi - slot_lo + 1)), span) AS stored
    FROM ingest_ledger
)
