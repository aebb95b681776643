-- title: Jobs created and ended
-- unit: jobs
-- chart: lines; x = time, y = created, completed, failed, cancelled
-- as of: metrics
-- parameters: hours UInt32 = 24 in 1..8760, the length of the window up to the newest final block
--
-- Jobs in each step by their first event of a kind: a result that is submitted twice counts once. A job that fails and is
-- completed later is in both. Final blocks only.
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
    toInt64(changes.created) AS created,
    toInt64(changes.completed) AS completed,
    toInt64(changes.failed) AS failed,
    toInt64(changes.cancelled) AS cancelled
FROM
(
    SELECT arrayJoin(arrayMap(i -> first_step + toInt64(i * width), range(if(newest = 0, 0, steps)))) AS at
) AS grid
LEFT JOIN
(
    SELECT
        greatest(least(intDiv(moment, width) * width, last_step), first_step) AS at,
        sumIf(n, state = 'JobCreated') AS created,
        sumIf(n, state = 'JobCompleted') AS completed,
        sumIf(n, state = 'JobFailed') AS failed,
        sumIf(n, state = 'JobCancelled') AS cancelled
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
ORDER BY time
