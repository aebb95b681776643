-- HNR-1, version 1 (docs/reputation.md), of the nodes that {nodes} names, at slot {as_of}, whose block is of day {today}.
-- Integers of 256 bits throughout. A row of evidence that is there twice counts once (FINAL).
WITH
    toUInt256(1048576) AS unit,
    -- 2^32 * 2^(-r/30) for r = 0 to 29, rounded down
    [
        4294967296, 4196870107, 4101013461, 4007346184, 3915818271, 3826380858, 3738986198, 3653587636, 3570139579,
        3488597478, 3408917801, 3331058011, 3254976541, 3180632774, 3107987021, 3037000499, 2967635312, 2899854428,
        2833621661, 2768901653, 2705659852, 2643862495, 2583476593, 2524469906, 2466810933, 2410468894, 2355413708,
        2301615985, 2249047003, 2197678698
    ] AS base
SELECT
    node,
    toInt32({today}) AS day,
    toUInt64({as_of}) AS as_of_slot,
    toUInt32(1) AS version,
    toUInt16(if(10000 * a > 12816 * r, intDiv(toUInt256(10000 * a - 12816 * r), 10 * n), toUInt256(0))) AS score,
    toUInt64(g) AS good,
    toUInt64(b) AS bad,
    toUInt32(weighing) AS requesters,
    jobs_good,
    jobs_failed,
    jobs_expired,
    since_day
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
            node,
            sum(of_good) AS g,
            sum(of_bad) AS b,
            g + 2 * unit AS a,
            b + unit AS c,
            a + c AS n,
            intDiv(unit * a * c, n + unit) AS x,
            countIf(of_good + of_bad > 0) AS weighing,
            sum(count_good) AS jobs_good,
            sum(count_failed) AS jobs_failed,
            sum(count_expired) AS jobs_expired,
            min(since) AS since_day
        FROM
        (
            SELECT
                node,
                requester,
                least(8 * unit, intDiv(sumIf(toUInt256(units) * weight, kind = 'good'), toUInt256(4294967296))) AS of_good,
                least(8 * unit, intDiv(sumIf(toUInt256(units) * weight, kind != 'good'), toUInt256(4294967296))) AS of_bad,
                countIf(kind = 'good') AS count_good,
                countIf(kind = 'failed') AS count_failed,
                countIf(kind = 'expired') AS count_expired,
                min(day) AS since
            FROM
            (
                SELECT
                    node,
                    requester,
                    kind,
                    units,
                    reputation_evidence.day AS day,
                    {today} - reputation_evidence.day AS age,
                    if(
                        age BETWEEN 0 AND 360,
                        bitShiftRight(toUInt64(base[1 + greatest(age, 0) % 30]), toUInt8(intDiv(greatest(age, 0), 30))),
                        toUInt64(0)
                    ) AS weight
                FROM reputation_evidence FINAL
                WHERE slot <= {as_of} AND {nodes}
            )
            GROUP BY node, requester
        )
        GROUP BY node
    )
)
