-- The newest jobs up to one slot: by creation, or by the first thing known of a job whose creation is not.
-- Looked for among those of the newest events only, so that history costs nothing.
WITH newest AS
(
    SELECT job FROM
    (
        SELECT job FROM canonical_events WHERE kind = 'JobCreated' AND slot <= {as_of} AND job != toFixedString('', 32)
        ORDER BY slot DESC, tx_index DESC, outer_ix DESC, inner_ix DESC, ordinal DESC LIMIT {limit}
        UNION ALL
        SELECT job FROM canonical_events WHERE kind = 'JobAssigned' AND slot <= {as_of} AND job != toFixedString('', 32)
        ORDER BY slot DESC, tx_index DESC, outer_ix DESC, inner_ix DESC, ordinal DESC LIMIT {limit} * 4
        UNION ALL
        SELECT job FROM canonical_events WHERE kind = 'JobFailed' AND slot <= {as_of} AND job != toFixedString('', 32)
        ORDER BY slot DESC, tx_index DESC, outer_ix DESC, inner_ix DESC, ordinal DESC LIMIT {limit} * 4
        UNION ALL
        SELECT job FROM canonical_events WHERE kind = 'JobCompleted' AND slot <= {as_of} AND job != toFixedString('', 32)
        ORDER BY slot DESC, tx_index DESC, outer_ix DESC, inner_ix DESC, ordinal DESC LIMIT {limit} * 4
    )
)
SELECT
    base58Encode(job) AS job_id,
    toValidUTF8(label) AS job_label,
    job_type,
    state,
    price,
    if(created, toUnixTimestamp(created_time), 0) AS created_at,
    if(completed, toUnixTimestamp(completed_time), 0) AS completed_at,
    multiIf(
        completed, base58Encode(completed_signature),
        created, base58Encode(created_signature),
        assigned, base58Encode(assigned_signature),
        ''
    ) AS tx_signature
FROM job_facts(as_of = {as_of})
WHERE job IN (SELECT job FROM newest)
ORDER BY multiIf(created, created_slot, assigned, assigned_slot, completed, completed_slot, 0) DESC, job
LIMIT {limit}
