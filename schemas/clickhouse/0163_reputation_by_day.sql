-- The last score of each node on each day of block time.
CREATE VIEW IF NOT EXISTS reputation_by_day AS
SELECT
    base58Encode(node) AS node_id,
    toDate32(day) AS day,
    score,
    good,
    bad,
    requesters,
    jobs_good,
    jobs_failed,
    jobs_expired,
    as_of_slot,
    version
FROM reputation_scores FINAL
