-- Nodes by the newest of their registrations, with the completions that count as the node's own: {completions} gives nodes with
-- numbers of them to add up.
SELECT
    base58Encode(n.node) AS node_id,
    toValidUTF8(n.label) AS node_label,
    base58Encode(n.owner) AS node_owner,
    multiIf(NOT n.registered, 'deregistered', n.status) AS node_status,
    toUInt64(c.completions) AS jobs_completed,
    toUnixTimestamp(n.registered_time) AS registered_at
FROM
(
    SELECT node, label, owner, registered, status, registered_slot, registered_time
    FROM node_facts(as_of = {as_of})
    WHERE node IN ({nodes})
) AS n
LEFT JOIN
(
    SELECT node, sum(n) AS completions
    FROM ({completions})
    WHERE node IN ({nodes})
    GROUP BY node
) AS c ON c.node = n.node
ORDER BY n.registered_slot DESC, n.node
