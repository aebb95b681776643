-- title: Value locked
-- unit: HYPER
-- chart: lines; x = time, y = locked
-- as of: metrics
-- parameters: hours UInt32 = 24 in 1..8760, the length of the window up to the newest final block; decimals UInt8 = 6 in 0..18, those of HYPER
--
-- Price of the jobs that were created and neither settled nor cancelled, at the end of each step. Final blocks only.
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
    toDateTime(sums.at, 'UTC') AS time,
    toFloat64(sums.raw) / pow(10, {decimals:UInt8}) AS locked,
    toString(sums.raw) AS base_units
FROM
(
    SELECT grid.at AS at, kept.amount - sum(changes.amount) OVER everything + sum(changes.amount) OVER until_here AS raw
    FROM
    (
        SELECT arrayJoin(arrayMap(i -> first_step + toInt64(i * width), range(if(newest = 0, 0, steps)))) AS at
    ) AS grid
    LEFT JOIN
    (
        SELECT greatest(least(intDiv(moment, width) * width, last_step), first_step) AS at, sum(more) AS amount
        FROM
        (
            SELECT toInt64(toUnixTimestamp(hour)) AS moment, amount AS more FROM metrics_hours FINAL
            WHERE width >= 3600 AND what = 'locked' AND hour >= toDateTime(greatest(first_step, 1), 'UTC')
            UNION ALL
            SELECT toInt64(toUnixTimestamp(block_time)), locked FROM job_changes
            WHERE width < 3600 AND locked != 0 AND slot <= final_slot AND block_time >= toDateTime(first_step, 'UTC')
        )
        GROUP BY at
    ) AS changes ON changes.at = grid.at
    CROSS JOIN
    (
        SELECT sum(amount) AS amount FROM metrics_hours FINAL WHERE what = 'locked' AND hour = toDateTime(0, 'UTC')
    ) AS kept
    WINDOW everything AS (), until_here AS (ORDER BY grid.at ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
) AS sums
ORDER BY time
