-- title: Jobs by state
-- unit: jobs
-- chart: bars; x = state, y = jobs
-- as of: metrics
-- parameters: none
--
-- Every job that the chain has told of, in its state now: each job is in one. Final blocks only.
SELECT states.state AS state, toInt64(sum(sums.n)) AS jobs
FROM
(
    SELECT arrayJoin(['pending', 'running', 'completed', 'failed', 'cancelled']) AS state
) AS states
LEFT JOIN
(
    SELECT transform(toString(state), ['created', 'unknown', 'assigned'], ['pending', 'pending', 'running'], toString(state)) AS state, n
    FROM metrics_hours FINAL
    WHERE what = 'jobs' AND hour = toDateTime(0, 'UTC')
) AS sums ON sums.state = states.state
GROUP BY state
ORDER BY indexOf(['pending', 'running', 'completed', 'failed', 'cancelled'], state)
