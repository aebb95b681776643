-- One row per node account (PDA) that any node event up to slot {as_of} names.
-- The account address is the identity: the chain's node_id is a label that two owners may share.
-- `registered` follows the last NodeRegistered or NodeDeregistered, so a node that came back counts once.
-- `status` is the last one announced; the program sets a new registration online without an event of its own.
CREATE VIEW IF NOT EXISTS node_facts AS
SELECT
    node,
    registered_name AS label,
    registered_owner AS owner,
    ever_registered,
    registered,
    registered_slot,
    registered_time,
    registered_signature,
    deregistered_slot,
    deregistered_time,
    last_status AS status,
    registered AND last_status = 'online' AS active,
    last_seen_slot,
    last_seen_time
FROM
(
    SELECT
        node,
        max(kind = 'NodeRegistered') AS ever_registered,
        argMaxIf(kind = 'NodeRegistered', at, kind IN ('NodeRegistered', 'NodeDeregistered')) AS registered,
        argMaxIf(node_name, at, kind = 'NodeRegistered') AS registered_name,
        argMaxIf(operator, at, kind = 'NodeRegistered') AS registered_owner,
        argMaxIf(slot, at, kind = 'NodeRegistered') AS registered_slot,
        argMaxIf(block_time, at, kind = 'NodeRegistered') AS registered_time,
        argMaxIf(signature, at, kind = 'NodeRegistered') AS registered_signature,
        argMaxIf(slot, at, kind = 'NodeDeregistered') AS deregistered_slot,
        argMaxIf(block_time, at, kind = 'NodeDeregistered') AS deregistered_time,
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
            -- The place on chain as one number, since numbers compare faster than tuples: 40 bits of slot, 24 of
            -- transaction, 16 each of outer and inner instruction (0 = the outer one itself), 32 of ordinal.
            bitOr(
                bitShiftLeft(toUInt128(bitOr(bitShiftLeft(slot, 24), toUInt64(tx_index))), 64),
                toUInt128(bitOr(
                    bitOr(bitShiftLeft(toUInt64(outer_ix), 48), bitShiftLeft(toUInt64(inner_ix + 1), 32)),
                    toUInt64(ordinal)
                ))
            ) AS at
        FROM canonical_events
        WHERE slot <= {as_of:UInt64}
            AND kind IN ('NodeRegistered', 'NodeStatusChanged', 'NodeDeregistered')
            AND node != toFixedString('', 32)
    )
    GROUP BY node
)
