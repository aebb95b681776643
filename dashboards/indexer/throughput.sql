-- title: Transactions stored
-- unit: transactions
-- chart: stacked bars; x = time, y = succeeded, failed
-- as of: ledger
-- parameters: hours UInt32 = 24 in 1..168, the length of the window up to the newest block served
--
-- Transactions that touch an indexed program, by the time of their block, beside all that the chain executed (0 where the
-- source does not count them). Confirmed blocks.
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
    toInt64(sums.kept) - toInt64(sums.failed) AS succeeded,
    toInt64(sums.failed) AS failed,
    toUInt64(sums.blocks) AS blocks,
    toUInt64(sums.executed) AS executed_on_chain
FROM
(
    SELECT arrayJoin(arrayMap(i -> first_step + toInt64(i * width), range(if(newest = 0, 0, steps)))) AS at
) AS grid
LEFT JOIN
(
    SELECT
        greatest(least(intDiv(toInt64(toUnixTimestamp(block_time)), width) * width, last_step), first_step) AS at,
        count() AS blocks,
        sum(executed_transactions) AS executed,
        sum(transactions) AS kept,
        sum(failed_transactions) AS failed
    FROM blocks
    WHERE slot > first_slot AND slot <= served AND block_time >= toDateTime(first_step, 'UTC')
    GROUP BY at
) AS sums ON sums.at = grid.at
ORDER BY time
