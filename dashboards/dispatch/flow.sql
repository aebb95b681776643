-- title: Jobs taken in and ended
-- unit: jobs
-- chart: lines; x = time, y = submitted, completed, failed
-- as of: dispatch
-- parameters: hours UInt32 = 24 in 1..8760, the length of the window up to the newest fact
--
-- Jobs that were accepted, completed, and failed or were given up in each step. Jobs that others took on chain, or that were
-- cancelled there before this dispatcher gave them to anybody, are left out. Told by the dispatcher; not a figure of the chain.
WITH
    assumeNotNull((SELECT max(toUnixTimestamp(at)) FROM
        (SELECT at FROM dispatch_jobs ORDER BY seq DESC LIMIT 1 UNION ALL SELECT at FROM dispatch_load ORDER BY seq DESC LIMIT 1))) AS newest,
    -- Steps of a minute, five minutes, an hour or a day: at most 365 of them, the last one with the newest fact.
    multiIf({hours:UInt32} <= 2, 60, {hours:UInt32} <= 12, 300, {hours:UInt32} <= 336, 3600, 86400) AS width,
    intDiv(toUInt64({hours:UInt32}) * 3600, width) AS steps,
    toInt64(intDiv(newest, width) * width) AS last_step,
    greatest(last_step - toInt64(width * (steps - 1)), 0) AS first_step,
    others AS
    (
        SELECT job FROM dispatch_jobs
        WHERE at >= toDateTime64(first_step, 3, 'UTC')
        GROUP BY job
        HAVING argMax(fence = 0 AND (state = 'elsewhere' OR (state = 'cancelled' AND cause = 'chain')), seq)
    )
SELECT
    toDateTime(grid.at, 'UTC') AS time,
    toInt64(sums.submitted) AS submitted,
    toInt64(sums.completed) AS completed,
    toInt64(sums.failed) AS failed,
    toInt64(sums.cancelled) AS cancelled
FROM
(
    SELECT arrayJoin(arrayMap(i -> first_step + toInt64(i * width), range(if(newest = 0, 0, steps)))) AS at
) AS grid
LEFT JOIN
(
    SELECT
        greatest(least(intDiv(toInt64(toUnixTimestamp(at)), width) * width, last_step), first_step) AS step,
        countIf(kind != '' AND job NOT IN (SELECT job FROM others)) AS submitted,
        countIf(state = 'completed') AS completed,
        countIf(state IN ('failed', 'dead')) AS failed,
        countIf(state = 'cancelled' AND NOT (cause = 'chain' AND fence = 0)) AS cancelled
    FROM dispatch_jobs
    WHERE at >= toDateTime64(first_step, 3, 'UTC')
    GROUP BY step
) AS sums ON sums.step = grid.at
ORDER BY time
