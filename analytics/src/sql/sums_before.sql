-- The sums, up to slot {from}, of those pairs that slots {from} to {to} brought evidence of.
SELECT
    node,
    requester,
    newest.1 AS good,
    newest.2 AS bad,
    newest.3 AS jobs_good,
    newest.4 AS jobs_failed,
    newest.5 AS jobs_expired,
    newest.6 AS since_day
FROM
(
    SELECT node, requester, argMax((good, bad, jobs_good, jobs_failed, jobs_expired, since_day), slot) AS newest
    FROM reputation_sums
    WHERE slot < {from}
        AND (node, requester) IN (SELECT node, requester FROM reputation_evidence WHERE slot BETWEEN {from} AND {to})
    GROUP BY node, requester
)
