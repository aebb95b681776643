-- What was stored before gets its projection in the background; until then it is read as before.
ALTER TABLE canonical_events MATERIALIZE PROJECTION by_job SETTINGS mutations_sync = 0
