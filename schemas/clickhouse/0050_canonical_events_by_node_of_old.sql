-- The same for nodes.
ALTER TABLE canonical_events MATERIALIZE PROJECTION by_node SETTINGS mutations_sync = 0
