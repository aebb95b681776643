-- title: GPU utilisation
-- unit: percent
-- chart: lines; x = time, y = utilisation
-- as of: metrics
-- parameters: hours UInt32 = 24 in 1..8760, the length of the window up to the newest final block
--
-- Busy time of the runs that completed in a step, divided by the time that the nodes active at its end had in it. A run
-- counts whole where it completes, by block time or as the program measured it. A node counts as one machine: those that run
-- several jobs at once, and long runs that end in a short step, lift it above 100. Without an active node there is no point.
-- Final blocks only.
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
    toDateTime(at, 'UTC') AS time,
    if(active_nodes <= 0, NULL, round(100 * busy_ms / (active_nodes * 1000 * least(width, newest - at + 1)), 2)) AS utilisation,
    round(busy_ms / 1000, 1) AS busy_seconds,
    active_nodes
FROM
(
    SELECT
        grid.at AS at,
        toFloat64(greatest(changes.busy, 0)) AS busy_ms,
        toInt64(kept.active - sum(changes.active) OVER everything + sum(changes.active) OVER until_here) AS active_nodes
    FROM
    (
        SELECT arrayJoin(arrayMap(i -> first_step + toInt64(i * width), range(if(newest = 0, 0, steps)))) AS at
    ) AS grid
    LEFT JOIN
    (
        SELECT
            greatest(least(intDiv(moment, width) * width, last_step), first_step) AS at,
            sum(active_more) AS active,
            sum(busy_more) AS busy
        FROM
        (
            SELECT
                toInt64(toUnixTimestamp(hour)) AS moment,
                if(what = 'nodes', n, 0) AS active_more,
                if(what = 'run', toInt128(n) * ms, 0) AS busy_more
            FROM metrics_hours FINAL
            WHERE width >= 3600 AND (what = 'run' OR what = 'nodes' AND state = 'active')
                AND hour >= toDateTime(greatest(first_step, 1), 'UTC')
            UNION ALL
            SELECT toInt64(toUnixTimestamp(block_time)), toInt64(active_after) - toInt64(active_before), 0 FROM node_changes
            WHERE width < 3600 AND slot <= final_slot AND block_time >= toDateTime(first_step, 'UTC')
            UNION ALL
            SELECT toInt64(toUnixTimestamp(block_time)), 0, greatest(run_after, 0) - greatest(run_before, 0) FROM job_changes
            WHERE width < 3600 AND slot <= final_slot AND block_time >= toDateTime(first_step, 'UTC')
        )
        GROUP BY at
    ) AS changes ON changes.at = grid.at
    CROSS JOIN
    (
        SELECT sum(n) AS active FROM metrics_hours FINAL
        WHERE what = 'nodes' AND hour = toDateTime(0, 'UTC') AND state = 'active'
    ) AS kept
    WINDOW everything AS (), until_here AS (ORDER BY grid.at ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
)
ORDER BY time
