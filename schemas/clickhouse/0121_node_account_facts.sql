-- The last state of each node account at slot {as_of}; a closed one keeps what it held last.
CREATE VIEW IF NOT EXISTS node_account_facts AS
SELECT
    pubkey,
    program,
    label,
    layout,
    owner,
    node_id,
    gpu_specs_hash,
    location,
    if(closed, 'closed', status) AS status,
    stake,
    reputation,
    jobs_completed,
    jobs_failed,
    total_earned,
    last_heartbeat,
    registered_at,
    greatest(value_slot, closed_slot) AS slot,
    value_slot,
    closed
FROM
(
    SELECT
        *,
        CAST((closed_slot, closed_write) > (value_slot, value_write), 'Bool') AS closed
    FROM
    (
        SELECT
            * EXCEPT (slot, write_version),
            slot AS value_slot,
            write_version AS value_write
        FROM node_account_versions
        WHERE slot <= {as_of:UInt64}
        ORDER BY pubkey, slot DESC, write_version DESC
        LIMIT 1 BY pubkey
    ) AS value
    LEFT JOIN
    (
        SELECT
            pubkey,
            slot AS closed_slot,
            write_version AS closed_write
        FROM account_versions
        WHERE closed AND slot <= {as_of:UInt64}
        ORDER BY pubkey, slot DESC, write_version DESC
        LIMIT 1 BY pubkey
    ) AS closing USING (pubkey)
)
