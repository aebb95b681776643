-- title: Completed jobs
-- unit: jobs
-- chart: number; y = completed
-- as of: metrics
-- parameters: none
--
-- Jobs with a result over all time, beside all jobs that the chain has told of. Final blocks only.
SELECT toInt64(sumIf(n, state = 'completed')) AS completed, toInt64(sum(n)) AS all_jobs
FROM metrics_hours FINAL
WHERE what = 'jobs' AND hour = toDateTime(0, 'UTC')
