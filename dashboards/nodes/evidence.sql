-- title: Evidence by day
-- unit: jobs
-- chart: stacked bars; x = day, y = good, failed, expired
-- as of: reputation
-- parameters: hours UInt32 = 720 in 168..8760, the length of the window up to the newest final block that was judged
--
-- Jobs that count for or against a node (docs/reputation.md), by the day of block time. Good: completed and paid; expired: the
-- deadline passed without a result. Whole days. Final blocks only.
WITH
    assumeNotNull((SELECT max(slot) FROM reputation_checkpoints)) AS judged,
    assumeNotNull((SELECT max(block_time) FROM reputation_checkpoints WHERE slot = judged)) AS newest,
    toUInt32(intDiv({hours:UInt32} + 23, 24)) AS days,
    greatest(intDiv(newest, 86400) - days + 1, 0) AS first_day,
    -- Evidence is kept by slot: that of earlier days lies before this one.
    assumeNotNull((SELECT max(slot) FROM reputation_checkpoints WHERE block_time < first_day * 86400)) AS before
SELECT
    toDate(grid.day) AS day,
    toUInt64(counts.good) AS good,
    toUInt64(counts.failed) AS failed,
    toUInt64(counts.expired) AS expired
FROM
(
    SELECT toInt32(first_day + arrayJoin(range(if(newest <= 0, 0, days)))) AS day
) AS grid
LEFT JOIN
(
    SELECT day, countIf(kind = 'good') AS good, countIf(kind = 'failed') AS failed, countIf(kind = 'expired') AS expired
    -- Up to the newest checkpoint no row is there twice: FINAL would only compare keys.
    FROM reputation_evidence
    WHERE slot > before AND slot <= judged AND day >= first_day
    GROUP BY day
) AS counts ON counts.day = grid.day
ORDER BY grid.day
