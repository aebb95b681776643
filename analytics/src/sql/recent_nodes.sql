-- The newest registrations up to one slot, with the completions that count as the node's own.
WITH newest AS
(
    SELECT node, label, owner, registered, status, registered_slot, registered_time
    FROM node_facts(as_of = {as_of})
    WHERE ever_registered
    ORDER BY registered_slot DESC, node
    LIMIT {limit}
)
SELECT
    base58Encode(n.node) AS node_id,
    toValidUTF8(n.label) AS node_label,
    base58Encode(n.owner) AS node_owner,
    multiIf(NOT n.registered, 'deregistered', n.status) AS node_status,
    c.completions AS jobs_completed,
    toUnixTimestamp(n.registered_time) AS registered_at
FROM newest AS n
LEFT JOIN
(
    SELECT completion_node, count() AS completions
    FROM job_facts(as_of = {as_of})
    WHERE completion_node IN (SELECT node FROM newest)
    GROUP BY completion_node
) AS c ON c.completion_node = n.node
ORDER BY n.registered_slot DESC, n.node
