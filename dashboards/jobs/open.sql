-- title: Jobs waiting and running
-- unit: jobs
-- chart: stacked area; x = time, y = running, pending
-- as of: metrics
-- parameters: hours UInt32 = 24 in 1..8760, the length of the window up to the newest final block
--
-- Jobs at the end of each step. Pending: created, or only heard of, and without a node; running: assigned and not ended.
-- The other columns are jobs that had ended by then. Final blocks only.
WITH
    assumeNotNull((SELECT max(slot) FROM metrics_hours FINAL WHERE what = 'checkpoint')) AS final_slot,
    assumeNotNull((SELECT max(toUnixTimestamp(block_time)) FROM
        (SELECT block_time FROM blocks WHERE slot <= final_slot ORDER BY slot DESC LIMIT 1))) AS newest,
    -- Steps of a minute, five minutes, an hour or a day: at most 365 of them, the last one with the newest final block.
    multiIf({hours:UInt32} <= 2, 60, {hours:UInt32} <= 12, 300, {hours:UInt32} <= 336, 3600, 86400) AS width,
    intDiv(toUInt64({hours:UInt32}) * 3600, width) AS steps,
    toInt64(intDiv(newest, width) * width) AS last_step,
    greatest(last_step - toInt64(width * (steps - 1)), 0) AS first_step,
    ['pending', 'running', 'completed', 'failed', 'cancelled'] AS states
SELECT
    toDateTime(at, 'UTC') AS time,
    numbers[1] AS pending,
    numbers[2] AS running,
    numbers[3] AS completed,
    numbers[4] AS failed,
    numbers[5] AS cancelled
FROM
(
    SELECT
        grid.at AS at,
        arrayMap(i -> toInt64(kept.n[i] - (sumForEach(changes.n) OVER everything)[i] + (sumForEach(changes.n) OVER until_here)[i]),
            range(1, 6)) AS numbers
    FROM
    (
        SELECT arrayJoin(arrayMap(i -> first_step + toInt64(i * width), range(if(newest = 0, 0, steps)))) AS at
    ) AS grid
    LEFT JOIN
    (
        SELECT
            greatest(least(intDiv(moment, width) * width, last_step), first_step) AS at,
            sumForEach(arrayMap(s -> if(s = now_in, n, 0), states)) AS n
        FROM
        (
            SELECT toInt64(toUnixTimestamp(hour)) AS moment, toString(state) AS told, n FROM metrics_hours FINAL
            WHERE width >= 3600 AND what = 'jobs' AND hour >= toDateTime(greatest(first_step, 1), 'UTC')
            UNION ALL
            SELECT toInt64(toUnixTimestamp(block_time)), change.1, change.2 FROM job_changes
            ARRAY JOIN [(toString(state_before), toInt64(-1)), (toString(state_after), toInt64(1))] AS change
            WHERE width < 3600 AND state_before != state_after AND slot <= final_slot
                AND block_time >= toDateTime(first_step, 'UTC')
        )
        ARRAY JOIN [transform(told, ['created', 'unknown', 'assigned'], ['pending', 'pending', 'running'], told)] AS now_in
        GROUP BY at
    ) AS changes ON changes.at = grid.at
    CROSS JOIN
    (
        SELECT sumForEach(arrayMap(s -> if(s = now_in, n, 0), states)) AS n
        FROM metrics_hours FINAL
        ARRAY JOIN [transform(toString(state), ['created', 'unknown', 'assigned'], ['pending', 'pending', 'running'], toString(state))] AS now_in
        WHERE what = 'jobs' AND hour = toDateTime(0, 'UTC')
    ) AS kept
    WINDOW everything AS (), until_here AS (ORDER BY grid.at ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
)
ORDER BY time
