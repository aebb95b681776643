-- title: Slots in use
-- unit: percent
-- chart: lines; x = time, y = utilisation
-- as of: dispatch
-- parameters: hours UInt32 = 24 in 1..8760, the length of the window up to the newest fact
--
-- Of the jobs that connected nodes could run at a time, those that they had: the mean of what was seen once a minute. A step
-- without a connected node has none. Told by the dispatcher; not a figure of the chain.
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
    if(sums.slots = 0, NULL, round(100 * sums.busy / sums.slots, 2)) AS utilisation,
    if(sums.seen = 0, NULL, round(sums.nodes / sums.seen, 1)) AS nodes,
    if(sums.seen = 0, NULL, round(sums.queued / sums.seen, 1)) AS queued
FROM
(
    SELECT arrayJoin(arrayMap(i -> first_step + toInt64(i * width), range(if(newest = 0, 0, steps)))) AS at
) AS grid
LEFT JOIN
(
    SELECT
        greatest(least(intDiv(toInt64(toUnixTimestamp(at)), width) * width, last_step), first_step) AS step,
        count() AS seen,
        sum(dispatch_load.slots) AS slots,
        sum(dispatch_load.busy) AS busy,
        sum(dispatch_load.nodes) AS nodes,
        sum(dispatch_load.queued) AS queued
    FROM dispatch_load
    WHERE at >= toDateTime64(first_step, 3, 'UTC')
    GROUP BY step
) AS sums ON sums.step = grid.at
ORDER BY time
