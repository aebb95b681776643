-- A job's history is one read of few rows, however much is stored: part and projection are one, and go together.
ALTER TABLE canonical_events ADD PROJECTION IF NOT EXISTS by_job
(SELECT * ORDER BY job, slot, tx_index, outer_ix, inner_ix, ordinal) WITH SETTINGS (index_granularity = 512)
