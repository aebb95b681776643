-- Each node's totals: what each requester's sums {sums} come to, shifted, then capped, then added.
SELECT
    node,
    sum(least(8388608, bitShiftRight(good, 32))) AS g,
    sum(least(8388608, bitShiftRight(bad, 32))) AS b,
    countIf(bitShiftRight(good, 32) + bitShiftRight(bad, 32) > 0) AS weighing,
    sum(jobs_good) AS of_good,
    sum(jobs_failed) AS of_failed,
    sum(jobs_expired) AS of_expired,
    min(since_day) AS since
FROM ({sums})
GROUP BY node
