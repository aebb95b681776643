-- The newest completions up to one slot, newest first, one row per JobCompleted, with the facts of their jobs.
WITH recent AS
(
    SELECT
        job,
        operator AS completer,
        result_hash AS hash,
        slot,
        tx_index,
        outer_ix,
        inner_ix,
        ordinal,
        block_time,
        signature
    FROM canonical_events
    WHERE slot >= {since} AND slot <= {as_of} AND kind = 'JobCompleted' AND job != toFixedString('', 32)
    ORDER BY slot DESC, tx_index DESC, outer_ix DESC, inner_ix DESC, ordinal DESC
    LIMIT {limit}
)
SELECT
    base58Encode(r.job) AS job_id,
    toValidUTF8(f.label) AS label,
    f.job_type AS job_type,
    f.price AS price,
    if(f.completion_node = toFixedString('', 32), '', base58Encode(f.completion_node)) AS node_id,
    if(r.completer = toFixedString('', 32), '', base58Encode(r.completer)) AS completed_by,
    toValidUTF8(r.hash) AS result_hash,
    r.slot AS slot,
    toUnixTimestamp(r.block_time) AS block_time,
    base58Encode(r.signature) AS signature
FROM recent AS r
INNER JOIN
(
    SELECT job, label, job_type, price, completion_node
    FROM ({facts})
    WHERE job IN (SELECT job FROM recent)
) AS f ON f.job = r.job
ORDER BY r.slot DESC, r.tx_index DESC, r.outer_ix DESC, r.inner_ix DESC, r.ordinal DESC
