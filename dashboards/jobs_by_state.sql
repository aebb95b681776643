-- title: Jobs by state
-- unit: jobs
-- chart: stacked area; x = hour, y = jobs, series = state
-- parameters: hours UInt32 = 24, the window's length up to the newest block served
--
-- How many jobs were in each state at the end of each hour, as of the served slot.
WITH
    (SELECT max(slot_hi) FROM ingest_ledger) AS served,
    assumeNotNull((SELECT toStartOfHour(max(block_time)) FROM blocks WHERE slot <= served)) AS last_hour,
    toDateTime(greatest(toInt64(last_hour) - 3600 * (toInt64({hours:UInt32}) - 1), 0), 'UTC') AS first_hour,
    changes AS
    (
        SELECT
            -- What changed before the window counts from its first hour on.
            greatest(toStartOfHour(change.1), first_hour) AS hour,
            change.2 AS state,
            sum(change.3) AS delta
        FROM
        (
            SELECT arrayJoin(arrayConcat(
                if(created, [(created_time, 'pending', 1)], []),
                if(assigned, [(assigned_time, 'running', 1)], []),
                if(assigned AND created, [(assigned_time, 'pending', -1)], []),
                if(state IN ('completed', 'failed', 'cancelled'), [(ended_time, toString(state), 1)], []),
                if(state IN ('completed', 'failed', 'cancelled') AND assigned, [(ended_time, 'running', -1)], []),
                if(state IN ('completed', 'failed', 'cancelled') AND created AND NOT assigned,
                    [(ended_time, 'pending', -1)], [])
            )) AS change
            FROM
            (
                SELECT
                    created,
                    assigned,
                    state,
                    created_time,
                    assigned_time,
                    multiIf(completed, completed_time, failed, failed_time, cancelled_time) AS ended_time
                FROM job_facts(as_of = (SELECT max(slot_hi) FROM ingest_ledger))
            )
        )
        GROUP BY hour, state
    )
SELECT
    grid.hour AS hour,
    grid.state AS state,
    toInt64(sum(changes.delta) OVER (PARTITION BY grid.state ORDER BY grid.hour)) AS jobs
FROM
(
    SELECT
        first_hour + toIntervalHour(number) AS hour,
        arrayJoin(['pending', 'running', 'completed', 'failed', 'cancelled']) AS state
    FROM numbers({hours:UInt32})
) AS grid
LEFT JOIN changes ON changes.hour = grid.hour AND changes.state = grid.state
ORDER BY hour, state
