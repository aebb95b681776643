-- As the view before it, but each row says itself of which slot it is: between a step's scores and its checkpoint a score is
-- of a later slot than the newest checkpoint.
CREATE OR REPLACE VIEW reputation AS
SELECT
    base58Encode(registered_nodes.node) AS node_id,
    label,
    if(scores.node = registered_nodes.node, scores.score, 364) AS score,
    toUInt64(scores.good) AS good,
    toUInt64(scores.bad) AS bad,
    toUInt32(scores.requesters) AS requesters,
    toUInt64(scores.jobs_good) AS jobs_good,
    toUInt64(scores.jobs_failed) AS jobs_failed,
    toUInt64(scores.jobs_expired) AS jobs_expired,
    if(scores.node = registered_nodes.node, toDate32(scores.since_day), NULL) AS since,
    registered_time,
    costs.units AS forge_units,
    costs.requesters AS forge_requesters,
    toUInt64(costs.units) * 100000 AS forge_raw,
    greatest(
        assumeNotNull((SELECT max(slot) FROM reputation_checkpoints)),
        if(scores.node = registered_nodes.node, scores.as_of_slot, 0)
    ) AS as_of_slot,
    toUInt32(1) AS version
FROM
(
    SELECT node, label, registered_time
    FROM node_facts(as_of = (SELECT max(slot) FROM reputation_checkpoints))
    WHERE registered
) AS registered_nodes
LEFT JOIN
(
    SELECT * FROM reputation_scores FINAL ORDER BY day DESC LIMIT 1 BY node
) AS scores ON scores.node = registered_nodes.node
LEFT JOIN (SELECT * FROM reputation_forge FINAL) AS costs
    ON costs.score = if(scores.node = registered_nodes.node, scores.score, 364)
