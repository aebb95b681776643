-- title: Wait for a node
-- unit: seconds
-- chart: lines; x = time, y = p50, p95, p99
-- as of: dispatch
-- parameters: hours UInt32 = 24 in 1..8760, the length of the window up to the newest fact
--
-- Time from when a job was to be run to the beginning of a run, of runs that began in each step. A job that is tried again waits
-- again. Told by the dispatcher; not a figure of the chain.
WITH
    assumeNotNull((SELECT max(toUnixTimestamp(at)) FROM
        (SELECT at FROM dispatch_jobs ORDER BY seq DESC LIMIT 1 UNION ALL SELECT at FROM dispatch_load ORDER BY seq DESC LIMIT 1))) AS newest,
    -- Steps of a minute, five minutes, an hour or a day: at most 365 of them, the last one with the newest fact.
    multiIf({hours:UInt32} <= 2, 60, {hours:UInt32} <= 12, 300, {hours:UInt32} <= 336, 3600, 86400) AS width,
    intDiv(toUInt64({hours:UInt32}) * 3600, width) AS steps,
    toInt64(intDiv(newest, width) * width) AS last_step,
    greatest(last_step - toInt64(width * (steps - 1)), 0) AS first_step
SELECT
    toDateTime(grid.at, 'UTC') AS time,
    if(times.runs = 0, NULL, times.at_most[1] / 1000) AS p50,
    if(times.runs = 0, NULL, times.at_most[2] / 1000) AS p95,
    if(times.runs = 0, NULL, times.at_most[3] / 1000) AS p99,
    toUInt64(times.runs) AS runs
FROM
(
    SELECT arrayJoin(arrayMap(i -> first_step + toInt64(i * width), range(if(newest = 0, 0, steps)))) AS at
) AS grid
LEFT JOIN
(
    SELECT greatest(least(intDiv(toInt64(toUnixTimestamp(at)), width) * width, last_step), first_step) AS step, count() AS runs, quantilesExact(0.5, 0.95, 0.99)(wait_ms) AS at_most
    FROM dispatch_attempts
    WHERE what = 'run' AND at >= toDateTime64(first_step, 3, 'UTC')
    GROUP BY step
) AS times ON times.step = grid.at
ORDER BY time
