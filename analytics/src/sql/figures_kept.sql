-- The figures of figures.sql, from what is kept: sums up to the checkpoint's slot {kept}, and the changes after it up to
-- {as_of}. Equal to figures.sql, at a cost that does not grow with history. `step` tells whether the checkpoint has moved.
WITH
    ifNull((SELECT toUnixTimestamp(block_time) FROM blocks WHERE slot <= {as_of} ORDER BY slot DESC LIMIT 1), 0) AS now_at,
    toDateTime(greatest(now_at, 86400) - 86400, 'UTC') AS day_ago,
    toDateTime(greatest(now_at, 604800) - 604800, 'UTC') AS week_ago,
    -- Whole hours are kept; the hour in which a window begins is read change by change.
    toStartOfHour(day_ago) AS day_hour,
    toStartOfHour(week_ago) AS week_hour,
    toDateTime(0, 'UTC') AS ever
SELECT
    toUInt32(now_at) AS as_of_time,
    toUInt64(sumIf(total_n, what = 'nodes' AND state = 'registered')) AS nodes_registered,
    toUInt64(sumIf(total_n, what = 'nodes' AND state = 'active')) AS nodes_active,
    toUInt64(sumIf(total_n, what = 'nodes' AND state = 'departed')) AS nodes_departed,
    sumIf(day_nodes, what = 'registered') AS nodes_24h,
    sumIf(week_nodes, what = 'registered') AS nodes_7d,
    toUInt64(sumIf(total_n, what = 'jobs')) AS jobs_total,
    toUInt64(sumIf(total_n, what = 'flow' AND state = 'JobCreated')) AS jobs_created,
    toUInt64(sumIf(total_n, what = 'jobs' AND state IN ('created', 'unknown'))) AS jobs_pending,
    toUInt64(sumIf(total_n, what = 'jobs' AND state = 'assigned')) AS jobs_running,
    toUInt64(sumIf(total_n, what = 'jobs' AND state = 'completed')) AS jobs_completed,
    toUInt64(sumIf(total_n, what = 'jobs' AND state = 'failed')) AS jobs_failed,
    toUInt64(sumIf(total_n, what = 'jobs' AND state = 'cancelled')) AS jobs_cancelled,
    toUInt64(sumIf(total_n, what = 'flow' AND state = 'PaymentDistributed')) AS jobs_settled,
    toUInt64(sumIf(day_n, what = 'flow' AND state = 'JobCreated')) AS jobs_24h,
    toUInt64(sumIf(week_n, what = 'flow' AND state = 'JobCreated')) AS jobs_7d,
    (sumMapIf([job_type], [toUInt64(total_n)], what = 'types' AND total_n > 0) AS by_type).1 AS job_types,
    by_type.2 AS job_type_counts,
    toUInt128(sumIf(total_amount, what = 'locked')) AS locked,
    toUInt128(sumIf(total_amount, what = 'value')) AS completed_price,
    toUInt64(sumIf(total_n, what = 'run')) AS runs,
    toUInt128(sumIf(toInt128(total_n) * ms, what = 'run')) AS runs_ms,
    quantilesExactWeightedIf(0.5, 0.95, 0.99)(ms, toUInt64(total_n), what = 'run' AND total_n > 0) AS run_quantiles_ms,
    toUInt64(sumIf(total_n, what = 'wait')) AS waits,
    toUInt128(sumIf(toInt128(total_n) * ms, what = 'wait')) AS waits_ms,
    quantilesExactWeightedIf(0.5, 0.95, 0.99)(ms, toUInt64(total_n), what = 'wait' AND total_n > 0) AS wait_quantiles_ms,
    toUInt64(sumIf(total_n, what = 'flow' AND state = 'payments')) AS payments,
    toUInt128(sumIf(total_amount, what = 'paid')) AS paid_total,
    toUInt128(sumIf(day_amount, what = 'paid')) AS paid_24h,
    toUInt128(sumIf(week_amount, what = 'paid')) AS paid_7d,
    max(kept_step) AS step
FROM
(
    SELECT
        what, job_type, state, ms,
        sumIf(n, is_total) AS total_n,
        sumIf(n, is_day) AS day_n,
        sumIf(n, is_week) AS week_n,
        sumIf(amount, is_total) AS total_amount,
        sumIf(amount, is_day) AS day_amount,
        sumIf(amount, is_week) AS week_amount,
        toUInt64(0) AS day_nodes,
        toUInt64(0) AS week_nodes,
        max(step) AS kept_step
    FROM
    (
        SELECT what, if(what IN ('run', 'wait', 'jobs'), '', job_type) AS job_type, state, ms, n, amount,
            if(what = 'checkpoint', step, 0) AS step, hour = ever AS is_total, hour > day_hour AS is_day, hour > week_hour AS is_week
        FROM metrics_hours FINAL
        WHERE what IN ('checkpoint', 'flow', 'jobs', 'locked', 'nodes', 'paid', 'run', 'value', 'wait')
            AND (hour = ever OR what IN ('flow', 'paid') AND hour >= week_hour)
        UNION ALL
        SELECT 'types', job_type, '', 0, n, 0, 0, true, false, false FROM metrics_hours FINAL
        WHERE what = 'jobs' AND hour = ever
        UNION ALL
        SELECT what, job_type, state, ms, n, amount, 0, false, time > day_ago AND toStartOfHour(time) = day_hour,
            time > week_ago AND toStartOfHour(time) = week_hour
        FROM ({part_rows})
        WHERE what IN ('flow', 'paid')
        UNION ALL
        SELECT kind, if(kind IN ('run', 'wait', 'jobs'), '', job_type), if(kind = 'types', '', state), ms, n, amount, 0,
            true, time > day_ago, time > week_ago
        FROM ({tail_rows})
        ARRAY JOIN if(what = 'jobs', ['jobs', 'types'], [what]) AS kind
        UNION ALL
        SELECT what, job_type, state, ms, n, amount, 0, true, false, false FROM ({tail_nodes})
    )
    GROUP BY what, job_type, state, ms
    UNION ALL
    SELECT 'registered', '', '', 0, 0, 0, 0, 0, 0, 0, uniqExactIf(node, time > day_ago), uniqExactIf(node, time > week_ago), 0
    FROM
    (
        SELECT node, block_time AS time FROM node_changes
        WHERE kind = 'NodeRegistered' AND slot <= {kept} AND block_time > week_ago
        UNION ALL
        SELECT node, block_time AS time FROM canonical_events
        WHERE kind = 'NodeRegistered' AND slot > {kept} AND slot <= {as_of} AND node != toFixedString('', 32)
    )
)
