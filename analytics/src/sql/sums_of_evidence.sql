-- What evidence weighs on day {today}, by node and requester. A row that is there twice counts once.
WITH
    -- 2^32 * 2^(-r/30) for r = 0 to 29, rounded down
    [
        4294967296, 4196870107, 4101013461, 4007346184, 3915818271, 3826380858, 3738986198, 3653587636, 3570139579,
        3488597478, 3408917801, 3331058011, 3254976541, 3180632774, 3107987021, 3037000499, 2967635312, 2899854428,
        2833621661, 2768901653, 2705659852, 2643862495, 2583476593, 2524469906, 2466810933, 2410468894, 2355413708,
        2301615985, 2249047003, 2197678698
    ] AS base
SELECT
    node,
    requester,
    sumIf(toUInt128(units) * weight, kind = 'good') AS good,
    sumIf(toUInt128(units) * weight, kind != 'good') AS bad,
    countIf(kind = 'good') AS jobs_good,
    countIf(kind = 'failed') AS jobs_failed,
    countIf(kind = 'expired') AS jobs_expired,
    min(day_of) AS since_day
FROM
(
    SELECT
        node,
        requester,
        kind,
        units,
        day_of,
        {today} - day_of AS age,
        if(
            age BETWEEN 0 AND 360,
            bitShiftRight(toUInt64(base[1 + greatest(age, 0) % 30]), toUInt8(intDiv(greatest(age, 0), 30))),
            toUInt64(0)
        ) AS weight
    FROM ({evidence})
)
GROUP BY node, requester
