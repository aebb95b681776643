-- title: Runs that came to nothing
-- unit: runs
-- chart: stacked bars; x = time, y = expired, disconnected, overrun, by_node, by_job
-- as of: dispatch
-- parameters: hours UInt32 = 24 in 1..8760, the length of the window up to the newest fact
--
-- Leases that were not renewed, connections that did not come back, runs beyond their deadline, and runs that the node or the
-- job itself failed; beside them answers that came after another had the job. Told by the dispatcher; not a figure of the chain.
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
    toInt64(sums.expired) AS expired,
    toInt64(sums.lost) AS disconnected,
    toInt64(sums.overrun) AS overrun,
    toInt64(sums.node) AS by_node,
    toInt64(sums.job) AS by_job,
    toInt64(sums.stale) AS stale_answers
FROM
(
    SELECT arrayJoin(arrayMap(i -> first_step + toInt64(i * width), range(if(newest = 0, 0, steps)))) AS at
) AS grid
LEFT JOIN
(
    SELECT
        greatest(least(intDiv(toInt64(toUnixTimestamp(at)), width) * width, last_step), first_step) AS step,
        countIf(fault = 'expired') AS expired,
        countIf(fault = 'lost') AS lost,
        countIf(fault = 'overrun') AS overrun,
        countIf(fault = 'node') AS node,
        countIf(fault IN ('job', 'permanent')) AS job,
        countIf(what = 'refused') AS stale
    FROM dispatch_attempts
    WHERE what IN ('missed', 'refused') AND at >= toDateTime64(first_step, 3, 'UTC')
    GROUP BY step
) AS sums ON sums.step = grid.at
ORDER BY time
