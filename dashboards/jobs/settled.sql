-- title: Completed and settled
-- unit: jobs
-- chart: lines; x = time, y = completed, settled
-- as of: metrics
-- parameters: hours UInt32 = 24 in 1..8760, the length of the window up to the newest final block
--
-- Jobs with a result, and jobs with a settlement, since the beginning, at the end of each step. Where the lines part, results
-- are not paid yet, or were paid before they came. Final blocks only.
WITH
    assumeNotNull((SELECT max(slot) FROM metrics_hours FINAL WHERE what = 'checkpoint')) AS final_slot,
    assumeNotNull((SELECT max(toUnixTimestamp(block_time)) FROM
        (SELECT block_time FROM blocks WHERE slot <= final_slot ORDER BY slot DESC LIMIT 1))) AS newest,
    -- Steps of a minute, five minutes, an hour or a day: at most 365 of them, the last one with the newest final block.
    multiIf({hours:UInt32} <= 2, 60, {hours:UInt32} <= 12, 300, {hours:UInt32} <= 336, 3600, 86400) AS width,
    intDiv(toUInt64({hours:UInt32}) * 3600, width) AS steps,
    toInt64(intDiv(newest, width) * width) AS last_step,
    greatest(last_step - toInt64(width * (steps - 1)), 0) AS first_step
SELECT
    toDateTime(grid.at, 'UTC') AS time,
    toInt64(kept.completed - sum(changes.completed) OVER everything + sum(changes.completed) OVER until_here) AS completed,
    toInt64(kept.settled - sum(changes.settled) OVER everything + sum(changes.settled) OVER until_here) AS settled
FROM
(
    SELECT arrayJoin(arrayMap(i -> first_step + toInt64(i * width), range(if(newest = 0, 0, steps)))) AS at
) AS grid
LEFT JOIN
(
    SELECT
        greatest(least(intDiv(moment, width) * width, last_step), first_step) AS at,
        sumIf(n, state = 'JobCompleted') AS completed,
        sumIf(n, state = 'PaymentDistributed') AS settled
    FROM
    (
        SELECT toInt64(toUnixTimestamp(hour)) AS moment, toString(state) AS state, n FROM metrics_hours FINAL
        WHERE width >= 3600 AND what = 'flow' AND hour >= toDateTime(greatest(first_step, 1), 'UTC')
        UNION ALL
        SELECT toInt64(toUnixTimestamp(block_time)), toString(kind), toInt64(1) FROM job_changes
        WHERE width < 3600 AND first AND slot <= final_slot AND block_time >= toDateTime(first_step, 'UTC')
    )
    GROUP BY at
) AS changes ON changes.at = grid.at
CROSS JOIN
(
    SELECT sumIf(n, state = 'JobCompleted') AS completed, sumIf(n, state = 'PaymentDistributed') AS settled
    FROM metrics_hours FINAL
    WHERE what = 'flow' AND hour = toDateTime(0, 'UTC')
) AS kept
WINDOW everything AS (), until_here AS (ORDER BY grid.at ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
ORDER BY time
