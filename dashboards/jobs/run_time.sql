-- title: Run time
-- unit: seconds
-- chart: lines; x = time, y = p50, p95, p99
-- as of: metrics
-- parameters: hours UInt32 = 24 in 1..8760, the length of the window up to the newest final block
--
-- Time from assignment to result, by block time or as the program measured it, of jobs completed in each step.
-- A percentile is the shortest time that at least so many did not exceed; a step without any has none. Final blocks only.
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
    if(times.jobs = 0, NULL, times.at_most[1] / 1000) AS p50,
    if(times.jobs = 0, NULL, times.at_most[2] / 1000) AS p95,
    if(times.jobs = 0, NULL, times.at_most[3] / 1000) AS p99,
    toUInt64(times.jobs) AS jobs
FROM
(
    SELECT arrayJoin(arrayMap(i -> first_step + toInt64(i * width), range(if(newest = 0, 0, steps)))) AS at
) AS grid
LEFT JOIN
(
    SELECT at, sum(n) AS jobs, quantilesExactWeighted(0.5, 0.95, 0.99)(ms, toUInt64(n)) AS at_most
    FROM
    (
        SELECT greatest(least(intDiv(moment, width) * width, last_step), first_step) AS at, ms, sum(more) AS n
        FROM
        (
            SELECT toInt64(toUnixTimestamp(hour)) AS moment, ms, n AS more FROM metrics_hours FINAL
            WHERE width >= 3600 AND what = 'run' AND hour >= toDateTime(greatest(first_step, 1), 'UTC')
            UNION ALL
            SELECT toInt64(toUnixTimestamp(block_time)), toUInt64(change.1), change.2 FROM job_changes
            ARRAY JOIN [(run_before, toInt64(-1)), (run_after, toInt64(1))] AS change
            WHERE width < 3600 AND run_before != run_after AND change.1 >= 0 AND slot <= final_slot
                AND block_time >= toDateTime(first_step, 'UTC')
        )
        GROUP BY at, ms
        -- A duration that a later event corrects is taken back in the step of that event.
        HAVING n > 0
    )
    GROUP BY at
) AS times ON times.at = grid.at
ORDER BY time
