-- The nodes of the newest registrations, from {since} on. Of a node that came back, the latest registration counts.
SELECT node FROM canonical_events
WHERE kind = 'NodeRegistered' AND slot >= {since} AND slot <= {as_of} AND node != toFixedString('', 32)
GROUP BY node
ORDER BY max(slot) DESC, node
LIMIT {limit}
