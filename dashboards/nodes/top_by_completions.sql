-- title: Nodes by completions
-- unit: jobs
-- chart: bars; x = node, y = completions
-- as of: metrics
-- parameters: hours UInt32 = 24 in 1..720, the length of the window up to the newest final block; top UInt16 = 20 in 1..500, how many nodes
--
-- Jobs completed in the window that count for the node: the result names it, or the operator of its assignment signed it.
-- The window begins with a full hour. Busy time: from assignment to result. Final blocks only.
WITH
    assumeNotNull((SELECT max(slot) FROM metrics_hours FINAL WHERE what = 'checkpoint')) AS final_slot,
    assumeNotNull((SELECT max(toUnixTimestamp(block_time)) FROM
        (SELECT block_time FROM blocks WHERE slot <= final_slot ORDER BY slot DESC LIMIT 1))) AS newest,
    greatest(intDiv(toInt64(newest), 3600) * 3600 - 3600 * (toInt64({hours:UInt32}) - 1), 1) AS first_hour
SELECT
    base58Encode(node) AS node,
    toInt64(sum(n)) AS completions,
    round(100 * completions / greatest(sum(completions) OVER (), 1), 2) AS percent_of_all,
    toFloat64(sum(amount)) / 1000 AS busy_seconds
FROM metrics_hours FINAL
WHERE what = 'node' AND hour >= toDateTime(first_hour, 'UTC')
GROUP BY metrics_hours.node
HAVING completions > 0
ORDER BY completions DESC, metrics_hours.node
LIMIT {top:UInt16}
