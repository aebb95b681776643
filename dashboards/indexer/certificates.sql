-- title: Slots by source and proof
-- unit: slots
-- chart: bars; x = evidence, y = slots
-- as of: ledger
-- parameters: hours UInt32 = 24 in 1..168, about how far back from the newest slot, at 9,000 slots an hour
--
-- What vouches for the slots: the source that they came from, and the weakest proof that nothing of their blocks is missing.
-- Block: the source sends blocks whole; count: as many transactions as the chain counted; none: neither. Missing: given up by
-- the operator. Confirmed blocks.
WITH
    assumeNotNull((SELECT max(slot_hi) FROM ingest_ledger)) AS served
SELECT
    if(status = 'missing', 'missing', concat(source, ', proof: ', proof)) AS evidence,
    sum(slot_hi - slot_lo + 1) AS slots,
    sum(certificates.blocks) AS blocks,
    sum(transactions_matched) AS transactions,
    count() AS certificates
FROM certificates_between(
    from = (SELECT toUInt64(greatest(toInt64(max(slot_hi)) - 9000 * toInt64({hours:UInt32}), 0)) FROM ingest_ledger),
    to = (SELECT max(slot_hi) FROM ingest_ledger)) AS certificates
WHERE slot_hi <= served
GROUP BY evidence
ORDER BY slots DESC, evidence
LIMIT 100
