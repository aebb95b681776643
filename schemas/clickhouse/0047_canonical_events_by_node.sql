-- The same for a node: its registrations, its status, and what it was given to do.
ALTER TABLE canonical_events ADD PROJECTION IF NOT EXISTS by_node
(SELECT * ORDER BY node, slot, tx_index, outer_ix, inner_ix, ordinal)
