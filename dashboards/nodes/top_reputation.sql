-- title: Nodes by reputation
-- unit: score
-- chart: table
-- as of: reputation
-- parameters: top UInt16 = 20 in 1..500, how many nodes; decimals UInt8 = 6 in 0..18, those of HYPER
--
-- HNR-1 scores (docs/reputation.md) with the jobs behind them, and what it would cost in fees to forge each. The label is what
-- the owner chose, and not unique. Scores are of final blocks only.
SELECT
    node_id AS node,
    label,
    score,
    jobs_good AS good,
    jobs_failed AS failed,
    jobs_expired AS expired,
    requesters,
    since,
    toFloat64(forge_raw) / pow(10, {decimals:UInt8}) AS hyper_to_forge
FROM reputation
ORDER BY score DESC, jobs_good DESC, node_id
LIMIT {top:UInt16}
