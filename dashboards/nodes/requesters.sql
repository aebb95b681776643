-- title: Requesters
-- unit: jobs
-- chart: table
-- as of: metrics
-- parameters: hours UInt32 = 24 in 1..168, the length of the window up to the newest final block; top UInt16 = 20 in 1..500, how many requesters; decimals UInt8 = 6 in 0..18, those of HYPER
--
-- What became of the jobs that each requester created in the window, up to now: counts, no score. Expired: the deadline passed
-- without a result, as reputation judged it. A job that fails may still be settled or cancelled. Final blocks only.
WITH
    assumeNotNull((SELECT max(slot) FROM metrics_hours FINAL WHERE what = 'checkpoint')) AS final_slot,
    assumeNotNull((SELECT max(toUnixTimestamp(block_time)) FROM
        (SELECT block_time FROM blocks WHERE slot <= final_slot ORDER BY slot DESC LIMIT 1))) AS newest,
    greatest(toInt64(newest) - 3600 * toInt64({hours:UInt32}), 0) AS start,
    assumeNotNull((SELECT max(slot) FROM reputation_checkpoints WHERE block_time < start - 86400)) AS before
SELECT
    base58Encode(requester) AS requester,
    count() AS created,
    countIf(is_completed) AS completed,
    countIf(is_failed) AS failed,
    countIf(is_cancelled) AS cancelled,
    countIf(is_expired) AS expired,
    countIf(is_settled) AS settled,
    toFloat64(sum(amount)) / pow(10, {decimals:UInt8}) AS paid
FROM
(
    SELECT
        job,
        anyIf(who, is_created) AS requester,
        max(is_created) AS known,
        max(what = 'JobCompleted') AS is_completed,
        max(what = 'JobFailed') AS is_failed,
        max(what = 'JobCancelled') AS is_cancelled,
        max(what = 'PaymentDistributed') AS is_settled,
        max(what = 'expired') AS is_expired,
        sum(moved) AS amount
    FROM
    (
        SELECT job, requester AS who, toString(kind) AS what, kind = 'JobCreated' AND first AS is_created,
            toUInt128(operator_amount) + treasury_amount + incentive_amount AS moved
        FROM job_changes
        WHERE slot <= final_slot AND block_time >= toDateTime(start, 'UTC')
        UNION ALL
        -- A row that is there twice counts once below, so no FINAL: it would merge all parts by their whole key.
        SELECT job, requester, 'expired', false, toUInt128(0) FROM reputation_evidence
        WHERE kind = 'expired' AND slot > before AND slot <= final_slot
    )
    GROUP BY job
)
WHERE known
GROUP BY requester
ORDER BY created DESC, requester
LIMIT {top:UInt16}
