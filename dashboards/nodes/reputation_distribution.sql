-- title: Reputation of all nodes
-- unit: nodes
-- chart: bars; x = score, y = nodes
-- as of: reputation
-- parameters: none
--
-- Registered nodes by HNR-1 score (docs/reputation.md), in bands of a hundred. A node of which nothing is known yet has 364.
-- Scores are of final blocks only.
SELECT
    concat(toString(bands.band * 100), '–', toString(bands.band * 100 + 99)) AS score,
    toUInt64(countIf(scores.known)) AS nodes,
    toUInt64(countIf(scores.known AND scores.evidence > 0)) AS with_evidence
FROM
(
    SELECT toUInt16(number) AS band FROM numbers(10)
) AS bands
LEFT JOIN
(
    SELECT toUInt16(intDiv(least(score, 999), 100)) AS band, jobs_good + jobs_failed + jobs_expired AS evidence, true AS known
    FROM reputation
) AS scores ON scores.band = bands.band
GROUP BY bands.band
ORDER BY bands.band
