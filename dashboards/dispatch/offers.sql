-- title: Offers and rejections
-- unit: offers
-- chart: lines; x = time, y = offered, declined, unanswered
-- as of: dispatch
-- parameters: hours UInt32 = 24 in 1..8760, the length of the window up to the newest fact
--
-- Offers that were made in each step, those that a node turned away, and those that nobody answered in time. Nodes of older
-- programs are given jobs without being asked. Told by the dispatcher; not a figure of the chain.
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
    toInt64(sums.offered) AS offered,
    toInt64(sums.declined) AS declined,
    toInt64(sums.unanswered) AS unanswered,
    toInt64(sums.runs) AS runs
FROM
(
    SELECT arrayJoin(arrayMap(i -> first_step + toInt64(i * width), range(if(newest = 0, 0, steps)))) AS at
) AS grid
LEFT JOIN
(
    SELECT
        greatest(least(intDiv(toInt64(toUnixTimestamp(at)), width) * width, last_step), first_step) AS step,
        countIf(what = 'offered') AS offered,
        countIf(fault = 'declined') AS declined,
        countIf(fault = 'unanswered') AS unanswered,
        countIf(what = 'run') AS runs
    FROM dispatch_attempts
    WHERE at >= toDateTime64(first_step, 3, 'UTC')
    GROUP BY step
) AS sums ON sums.step = grid.at
ORDER BY time
