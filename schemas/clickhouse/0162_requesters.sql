-- Who creates jobs: counts of final facts, and no score. `paid` in base units, for jobs of theirs; `expired`: jobs that a node
-- on duty let expire.
CREATE VIEW IF NOT EXISTS requesters AS
SELECT
    base58Encode(requester) AS requester_id,
    toUInt64(sumIf(n, state = 'JobCreated')) AS created,
    toUInt64(sumIf(n, state = 'JobCancelled')) AS cancelled,
    toUInt64(any(e.expired)) AS expired,
    toUInt64(sumIf(n, state = 'PaymentDistributed')) AS settled,
    sum(amount) AS paid
FROM (SELECT * FROM metrics_hours FINAL WHERE what = 'requester' AND hour = toDateTime(0, 'UTC')) AS m
LEFT JOIN
(
    SELECT requester, countIf(kind = 'expired') AS expired FROM reputation_evidence FINAL GROUP BY requester
) AS e USING (requester)
GROUP BY requester
