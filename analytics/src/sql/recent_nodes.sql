-- The newest registrations up to one slot, with the completions that count as the node's own: {completions} gives nodes with
-- numbers of them to add up.
WITH newest AS
(
    SELECT node, label, owner, registered, status, registered_slot, registered_time
    FROM node_facts(as_of = {as_of})
    WHERE ever_registered AND node IN
    (
        -- Of a node that came back, the latest registration counts.
        SELECT node FROM canonical_events WHERE kind = 'NodeRegistered' AND slot >= {since} AND slot <= {as_of} AND node != toFixedString('', 32)
        ORDER BY slot DESC, tx_index DESC, outer_ix DESC, inner_ix DESC, ordinal DESC LIMIT {limit} * 50
    )
    ORDER BY registered_slot DESC, node
    LIMIT {limit}
)
SELECT
    base58Encode(n.node) AS node_id,
    toValidUTF8(n.label) AS node_label,
    base58Encode(n.owner) AS node_owner,
    multiIf(NOT n.registered, 'deregistered', n.status) AS node_status,
    toUInt64(c.completions) AS jobs_completed,
    toUnixTimestamp(n.registered_time) AS registered_at
FROM newest AS n
LEFT JOIN
(
    SELECT node, sum(n) AS completions
    FROM ({completions})
    WHERE node IN (SELECT node FROM newest)
    GROUP BY node
) AS c ON c.node = n.node
ORDER BY n.registered_slot DESC, n.node
