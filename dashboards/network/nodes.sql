-- title: Nodes registered and active
-- unit: nodes
-- chart: lines; x = time, y = registered, active
-- as of: metrics
-- parameters: hours UInt32 = 24 in 1..8760, the length of the window up to the newest final block
--
-- Nodes at the end of each step. Registered: announced and not gone since. Active: registered, and the last status that the
-- chain told is online; whether the machine answers is not known here. Final blocks only: no fork takes a point back.
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
    toInt64(kept.registered - sum(changes.registered) OVER everything + sum(changes.registered) OVER until_here) AS registered,
    toInt64(kept.active - sum(changes.active) OVER everything + sum(changes.active) OVER until_here) AS active
FROM
(
    SELECT arrayJoin(arrayMap(i -> first_step + toInt64(i * width), range(if(newest = 0, 0, steps)))) AS at
) AS grid
LEFT JOIN
(
    SELECT
        greatest(least(intDiv(moment, width) * width, last_step), first_step) AS at,
        sumIf(n, state = 'registered') AS registered,
        sumIf(n, state = 'active') AS active
    FROM
    (
        SELECT toInt64(toUnixTimestamp(hour)) AS moment, state, n FROM metrics_hours FINAL
        WHERE width >= 3600 AND what = 'nodes' AND hour >= toDateTime(greatest(first_step, 1), 'UTC')
        UNION ALL
        SELECT toInt64(toUnixTimestamp(block_time)), change.1, change.2 FROM node_changes
        ARRAY JOIN [
            ('registered', toInt64(registered_after) - toInt64(registered_before)),
            ('active', toInt64(active_after) - toInt64(active_before))] AS change
        WHERE width < 3600 AND slot <= final_slot AND block_time >= toDateTime(first_step, 'UTC')
    )
    GROUP BY at
) AS changes ON changes.at = grid.at
CROSS JOIN
(
    SELECT sumIf(n, state = 'registered') AS registered, sumIf(n, state = 'active') AS active
    FROM metrics_hours FINAL WHERE what = 'nodes' AND hour = toDateTime(0, 'UTC')
) AS kept
WINDOW everything AS (), until_here AS (ORDER BY grid.at ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
ORDER BY time
