-- One row per node account (PDA) that any node event up to slot {as_of} names.
-- The account address is the identity: the chain's node_id is a label that two owners may share.
-- `registered` follows the last NodeRegistered or NodeDeregistered, so a node that came back counts once.
-- `status` is the last one announced; the program sets a new registration online without an event of its own.
CREATE VIEW IF NOT EXISTS node_facts AS
SELECT
    node,
    registration.1 AS label,
    registration.2 AS owner,
    ever_registered,
    registered,
    registration.3 AS registered_slot,
    registration.4 AS registered_time,
    registration.5 AS registered_signature,
    departure.1 AS deregistered_slot,
    departure.2 AS deregistered_time,
    last_status AS status,
    registered AND last_status = 'online' AS active,
    last_seen_slot,
    last_seen_time
FROM
(
    SELECT
        node,
        argMaxIf((node_name, operator, slot, block_time, signature), at, kind = 'NodeRegistered') AS registration,
        argMaxIf((slot, block_time), at, kind = 'NodeDeregistered') AS departure,
        countIf(kind = 'NodeRegistered') > 0 AS ever_registered,
        argMaxIf(kind = 'NodeRegistered', at, kind IN ('NodeRegistered', 'NodeDeregistered')) AS registered,
        argMaxIf(
            if(kind = 'NodeRegistered', 'online', toString(status)),
            at,
            kind IN ('NodeRegistered', 'NodeStatusChanged')
        ) AS last_status,
        max(slot) AS last_seen_slot,
        max(block_time) AS last_seen_time
    FROM
    (
        SELECT
            *,
            (slot, tx_index, outer_ix, inner_ix, ordinal) AS at
        FROM canonical_events
        WHERE slot <= {as_of:UInt64}
            AND kind IN ('NodeRegistered', 'NodeStatusChanged', 'NodeDeregistered')
            AND node != toFixedString('', 32)
    )
    GROUP BY node
)
