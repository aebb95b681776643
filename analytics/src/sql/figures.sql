-- Every figure of the network as of one slot, in one round trip. Amounts are base units, times are seconds.
-- "Last 24 hours" and "last 7 days" end at the block time of that slot, so the same slot gives the same answer.
WITH
    ifNull((SELECT toUnixTimestamp(block_time) FROM blocks WHERE slot <= {as_of} ORDER BY slot DESC LIMIT 1), 0) AS now_at,
    toDateTime(greatest(now_at, 86400) - 86400, 'UTC') AS day_ago,
    toDateTime(greatest(now_at, 604800) - 604800, 'UTC') AS week_ago
SELECT
    toUInt32(now_at) AS as_of_time,
    nodes_registered,
    nodes_active,
    nodes_departed,
    nodes_24h,
    nodes_7d,
    jobs_total,
    jobs_created,
    jobs_pending,
    jobs_running,
    jobs_completed,
    jobs_failed,
    jobs_cancelled,
    jobs_settled,
    jobs_24h,
    jobs_7d,
    job_types,
    job_type_counts,
    locked,
    completed_price,
    runs,
    runs_ms,
    run_quantiles_ms,
    waits,
    waits_ms,
    wait_quantiles_ms,
    payments,
    paid_total,
    paid_24h,
    paid_7d
FROM
(
    SELECT
        countIf(registered) AS nodes_registered,
        countIf(active) AS nodes_active,
        countIf(ever_registered AND NOT registered) AS nodes_departed
    FROM node_facts(as_of = {as_of})
) AS n
CROSS JOIN
(
    SELECT
        uniqExactIf(node, block_time > day_ago) AS nodes_24h,
        uniqExactIf(node, block_time > week_ago) AS nodes_7d
    FROM canonical_events
    WHERE kind = 'NodeRegistered' AND slot <= {as_of} AND node != toFixedString('', 32)
) AS r
CROSS JOIN
(
    SELECT
        count() AS jobs_total,
        countIf(created) AS jobs_created,
        countIf(state IN ('created', 'unknown')) AS jobs_pending,
        countIf(state = 'assigned') AS jobs_running,
        countIf(state = 'completed') AS jobs_completed,
        countIf(state = 'failed') AS jobs_failed,
        countIf(state = 'cancelled') AS jobs_cancelled,
        countIf(settled) AS jobs_settled,
        countIf(created AND created_time > day_ago) AS jobs_24h,
        countIf(created AND created_time > week_ago) AS jobs_7d,
        sumMap([job_type], [toUInt64(1)]) AS by_type,
        by_type.1 AS job_types,
        by_type.2 AS job_type_counts,
        sumIf(toUInt128(price), created AND NOT settled AND NOT cancelled) AS locked,
        sumIf(toUInt128(price), completed) AS completed_price,
        countIf(run_ms >= 0) AS runs,
        sumIf(toUInt128(greatest(run_ms, 0)), run_ms >= 0) AS runs_ms,
        arrayMap(
            ms -> toUInt64(greatest(ms, 0)),
            quantilesExactWeightedIf(0.5, 0.95, 0.99)(run_ms, 1, run_ms >= 0)
        ) AS run_quantiles_ms,
        countIf(wait_ms >= 0) AS waits,
        sumIf(toUInt128(greatest(wait_ms, 0)), wait_ms >= 0) AS waits_ms,
        arrayMap(
            ms -> toUInt64(greatest(ms, 0)),
            quantilesExactWeightedIf(0.5, 0.95, 0.99)(wait_ms, 1, wait_ms >= 0)
        ) AS wait_quantiles_ms
    FROM job_facts(as_of = {as_of})
) AS j
CROSS JOIN
(
    SELECT
        count() AS payments,
        sum(paid) AS paid_total,
        sumIf(paid, paid_time > day_ago) AS paid_24h,
        sumIf(paid, paid_time > week_ago) AS paid_7d
    FROM payment_facts(as_of = {as_of})
) AS p
