-- title: Dead letters by reason
-- unit: records
-- chart: bars; x = reason, y = records
-- as of: ledger
-- parameters: hours UInt32 = 24 in 1..720, the length of the window up to the newest block served
--
-- Records and calls of indexed programs that did not decode, or that were not to be believed. They are in no figure; their bytes
-- are in the table dead_letters. Confirmed blocks.
WITH
    assumeNotNull((SELECT max(slot_hi) FROM (SELECT slot_hi FROM ingest_ledger ORDER BY slot_lo DESC LIMIT 16))) AS served,
    assumeNotNull((SELECT max(toUnixTimestamp(block_time)) FROM
        (SELECT block_time FROM blocks WHERE slot <= served ORDER BY slot DESC LIMIT 1))) AS newest,
    -- A chain makes less than four slots a second: what is older than that many has no block of the window.
    greatest(toInt64(served) - 14400 * toInt64({hours:UInt32}), 0) AS first_slot,
    greatest(toInt64(newest) - 3600 * toInt64({hours:UInt32}), 0) AS start
SELECT
    toString(reason) AS reason,
    count() AS records,
    countIf(NOT success) AS in_failed_transactions,
    arrayStringConcat(arraySort(groupUniqArray(20)(toString(label))), ', ') AS programs
FROM dead_letters
WHERE slot > first_slot AND slot <= served AND block_time >= toDateTime(start, 'UTC')
GROUP BY dead_letters.reason
ORDER BY records DESC, reason
LIMIT 100
