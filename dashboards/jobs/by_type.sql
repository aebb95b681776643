-- title: Jobs created by type
-- unit: jobs
-- chart: stacked bars; x = time, y = jobs, series = job_type
-- as of: metrics
-- parameters: hours UInt32 = 24 in 1..8760, the length of the window up to the newest final block
--
-- Jobs created in each step, by the type that their creation states. Types that no job of the window has are left out.
-- Final blocks only.
WITH
    assumeNotNull((SELECT max(slot) FROM metrics_hours FINAL WHERE what = 'checkpoint')) AS final_slot,
    assumeNotNull((SELECT max(toUnixTimestamp(block_time)) FROM
        (SELECT block_time FROM blocks WHERE slot <= final_slot ORDER BY slot DESC LIMIT 1))) AS newest,
    -- Steps of a minute, five minutes, an hour or a day: at most 365 of them, the last one with the newest final block.
    multiIf({hours:UInt32} <= 2, 60, {hours:UInt32} <= 12, 300, {hours:UInt32} <= 336, 3600, 86400) AS width,
    intDiv(toUInt64({hours:UInt32}) * 3600, width) AS steps,
    toInt64(intDiv(newest, width) * width) AS last_step,
    greatest(last_step - toInt64(width * (steps - 1)), 0) AS first_step,
    created AS
    (
        SELECT
            greatest(least(intDiv(moment, width) * width, last_step), first_step) AS at,
            job_type,
            sum(n) AS jobs
        FROM
        (
            SELECT toInt64(toUnixTimestamp(hour)) AS moment, toString(job_type) AS job_type, n FROM metrics_hours FINAL
            WHERE width >= 3600 AND what = 'flow' AND hour >= toDateTime(greatest(first_step, 1), 'UTC') AND state = 'JobCreated'
            UNION ALL
            SELECT toInt64(toUnixTimestamp(block_time)), toString(type_after), toInt64(1) FROM job_changes
            WHERE width < 3600 AND first AND kind = 'JobCreated' AND slot <= final_slot
                AND block_time >= toDateTime(first_step, 'UTC')
        )
        GROUP BY at, job_type
    ),
    -- The most frequent types: a chain may know many more.
    shown AS
    (
        SELECT at, if(job_type IN (SELECT job_type FROM created GROUP BY job_type ORDER BY sum(jobs) DESC, job_type LIMIT 7), job_type, 'other') AS job_type,
            sum(created.jobs) AS jobs
        FROM created
        GROUP BY at, job_type
    )
SELECT toDateTime(grid.at, 'UTC') AS time, grid.job_type AS job_type, toInt64(shown.jobs) AS jobs
FROM
(
    SELECT at, job_type
    FROM
    (
        SELECT arrayJoin(arrayMap(i -> first_step + toInt64(i * width), range(if(newest = 0, 0, steps)))) AS at
    ) AS moments
    CROSS JOIN (SELECT DISTINCT job_type FROM shown) AS types
) AS grid
LEFT JOIN shown ON shown.at = grid.at AND shown.job_type = grid.job_type
ORDER BY time, job_type
