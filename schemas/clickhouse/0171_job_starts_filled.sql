-- Fills job_starts as changes are written.
CREATE MATERIALIZED VIEW IF NOT EXISTS job_starts_filled TO job_starts AS
SELECT job, slot FROM job_changes WHERE state_before = 'none'
