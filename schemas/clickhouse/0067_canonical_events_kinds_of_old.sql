-- What was stored before gets its index in the background; until then it is read as before.
ALTER TABLE canonical_events MATERIALIZE INDEX kinds SETTINGS mutations_sync = 0
