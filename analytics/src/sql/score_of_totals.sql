-- HNR-1, version 1 (docs/reputation.md), of nodes with these totals, at slot {as_of}, whose block is of day {today}.
-- Integers of 256 bits, since the product under the root needs more than 128.
WITH toUInt256(1048576) AS unit
SELECT
    node,
    toInt32({today}) AS day,
    toUInt64({as_of}) AS as_of_slot,
    toUInt32(1) AS version,
    toUInt16(if(10000 * a > 12816 * r, intDiv(toUInt256(10000 * a - 12816 * r), 10 * n), toUInt256(0))) AS score,
    toUInt64(g) AS good,
    toUInt64(b) AS bad,
    toUInt32(weighing) AS requesters,
    toUInt64(of_good) AS jobs_good,
    toUInt64(of_failed) AS jobs_failed,
    toUInt64(of_expired) AS jobs_expired,
    toInt32(since) AS since_day
FROM
(
    SELECT
        *,
        -- The square root, bit by bit.
        arrayFold(
            (root, bit) -> if((root + bit) * (root + bit) <= x, root + bit, root),
            arrayMap(k -> bitShiftLeft(toUInt256(1), toUInt8(47 - k)), range(48)),
            toUInt256(0)
        ) AS r
    FROM
    (
        SELECT
            *,
            g + 2 * unit AS a,
            b + unit AS c,
            a + c AS n,
            intDiv(unit * a * c, n + unit) AS x
        FROM ({totals})
    )
)
