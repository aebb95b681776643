-- The newest jobs up to one slot: by creation, or by the first thing known of a job whose creation is not.
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
FROM ({facts})
WHERE job IN ({jobs})
ORDER BY multiIf(created, created_slot, assigned, assigned_slot, completed, completed_slot, 0) DESC, job
LIMIT {limit}
