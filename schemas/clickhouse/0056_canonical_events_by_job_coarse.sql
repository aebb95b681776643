-- The next two make by_job anew with small granules: who asks for thousands of jobs at once reads one granule for each.
ALTER TABLE canonical_events DROP PROJECTION IF EXISTS by_job SETTINGS mutations_sync = 2
