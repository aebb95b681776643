-- What changes of nodes add to the metrics, by key: see metrics_hours. What stands in its place has the columns of node_changes.
SELECT 'nodes' AS what, block_time AS time, '' AS job_type, row.1 AS state, toFixedString('', 32) AS node,
    toFixedString('', 32) AS requester, toUInt64(0) AS ms,
    row.2 AS n, toInt128(0) AS amount
FROM
(
    SELECT
        block_time,
        arrayJoin(arrayFilter(row -> row.2 != 0, [
            ('registered', toInt64(registered_after) - toInt64(registered_before)),
            ('active', toInt64(active_after) - toInt64(active_before)),
            ('departed', toInt64(departed_after) - toInt64(departed_before)),
            ('registration', toInt64(kind = 'NodeRegistered'))])) AS row
    FROM {changes}
)
