-- title: Lag from block to table
-- unit: seconds
-- chart: lines; x = time, y = median, slowest
-- as of: ledger
-- parameters: hours UInt32 = 24 in 1..168, the length of the window up to the newest block served
--
-- From the time of a batch's last block, which the chain tells in whole seconds, to the ledger row that makes the batch count.
-- History that is filled in later is late by its age. From the ledger, which alone says what is complete; confirmed blocks.
WITH
    assumeNotNull((SELECT max(slot_hi) FROM (SELECT slot_hi FROM ingest_ledger ORDER BY slot_lo DESC LIMIT 16))) AS served,
    assumeNotNull((SELECT max(toUnixTimestamp(block_time)) FROM
        (SELECT block_time FROM blocks WHERE slot <= served ORDER BY slot DESC LIMIT 1))) AS newest,
    -- A chain makes less than four slots a second: what is older than that many has no block of the window.
    greatest(toInt64(served) - 14400 * toInt64({hours:UInt32}), 0) AS first_slot,
    multiIf({hours:UInt32} <= 2, 60, {hours:UInt32} <= 12, 300, 3600) AS width,
    intDiv(toUInt64({hours:UInt32}) * 3600, width) AS steps,
    toInt64(intDiv(newest, width) * width) AS last_step,
    greatest(last_step - toInt64(width * (steps - 1)), 0) AS first_step
SELECT
    toDateTime(grid.at, 'UTC') AS time,
    if(lags.batches = 0, NULL, round(lags.at_most[1] / 1000, 2)) AS median,
    if(lags.batches = 0, NULL, round(lags.at_most[2] / 1000, 2)) AS slowest,
    toUInt64(lags.batches) AS batches
FROM
(
    SELECT arrayJoin(arrayMap(i -> first_step + toInt64(i * width), range(if(newest = 0, 0, steps)))) AS at
) AS grid
LEFT JOIN
(
    SELECT
        greatest(least(intDiv(toInt64(toUnixTimestamp(ends.block_time)), width) * width, last_step), first_step) AS at,
        count() AS batches,
        quantilesExact(0.5, 1)(dateDiff('millisecond', ends.block_time, written_at)) AS at_most
    FROM (SELECT last_block_slot, written_at FROM ingest_ledger WHERE slot_lo > first_slot AND blocks > 0) AS rows
    INNER JOIN
    (
        SELECT slot, block_time FROM blocks
        WHERE slot IN (SELECT last_block_slot FROM ingest_ledger WHERE slot_lo > first_slot)
            AND block_time >= toDateTime(first_step, 'UTC')
    ) AS ends ON ends.slot = rows.last_block_slot
    GROUP BY at
) AS lags ON lags.at = grid.at
ORDER BY time
