-- The totals of those nodes that slots {from} to {to} brought evidence of: what they had on day {today}, and what these
-- slots add, requester by requester, to sums that are shifted and capped.
SELECT
    node,
    sum(had_g) AS g,
    sum(had_b) AS b,
    sum(had_requesters) AS weighing,
    sum(had_good) AS of_good,
    sum(had_failed) AS of_failed,
    sum(had_expired) AS of_expired,
    min(had_since) AS since
FROM
(
    SELECT
        node,
        toUInt128(newest.1) AS had_g,
        toUInt128(newest.2) AS had_b,
        toUInt64(newest.3) AS had_requesters,
        newest.4 AS had_good,
        newest.5 AS had_failed,
        newest.6 AS had_expired,
        newest.7 AS had_since
    FROM
    (
        SELECT node, argMax((good, bad, requesters, jobs_good, jobs_failed, jobs_expired, since_day), as_of_slot) AS newest
        FROM reputation_scores
        WHERE day = {today} AND as_of_slot < {from}
            AND node IN (SELECT node FROM reputation_evidence WHERE slot BETWEEN {from} AND {to})
        GROUP BY node
    )
    UNION ALL
    SELECT
        node,
        toUInt128(least(8388608, bitShiftRight(now_good, 32)) - least(8388608, bitShiftRight(was_good, 32))) AS had_g,
        toUInt128(least(8388608, bitShiftRight(now_bad, 32)) - least(8388608, bitShiftRight(was_bad, 32))) AS had_b,
        toUInt64((bitShiftRight(now_good, 32) + bitShiftRight(now_bad, 32) > 0)
            - (bitShiftRight(was_good, 32) + bitShiftRight(was_bad, 32) > 0)) AS had_requesters,
        new_good AS had_good,
        new_failed AS had_failed,
        new_expired AS had_expired,
        first_day AS had_since
    FROM
    (
        SELECT
            node,
            requester,
            sum(good) AS now_good,
            sum(bad) AS now_bad,
            sumIf(good, before) AS was_good,
            sumIf(bad, before) AS was_bad,
            sumIf(jobs_good, NOT before) AS new_good,
            sumIf(jobs_failed, NOT before) AS new_failed,
            sumIf(jobs_expired, NOT before) AS new_expired,
            min(since_day) AS first_day
        FROM
        (
            SELECT node, requester, good, bad, jobs_good, jobs_failed, jobs_expired, since_day, true AS before
            FROM ({before})
            UNION ALL
            SELECT node, requester, good, bad, jobs_good, jobs_failed, jobs_expired, since_day, false AS before
            FROM ({fresh})
        )
        GROUP BY node, requester
    )
)
GROUP BY node
