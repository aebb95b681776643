-- The registered nodes of the highest scores. Ties go to more evidence, then to the smaller address, so that a list is one.
SELECT node_id, toValidUTF8(label) AS label, score, good, bad, requesters, jobs_good, jobs_failed, jobs_expired,
    forge_raw, forge_requesters, as_of_slot
FROM reputation
ORDER BY score DESC, good DESC, node_id
LIMIT {limit}
