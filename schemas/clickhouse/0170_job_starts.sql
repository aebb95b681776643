-- Where each job that is in job_changes began, so that those few that began long ago are told from all the others. A row may
-- be of a slot that was taken back: it says where to look, not what is there. Made from what job_changes holds by now, hence
-- among the views.
CREATE TABLE IF NOT EXISTS job_starts
ENGINE = ReplacingMergeTree
ORDER BY (job, slot)
SETTINGS index_granularity = 256, fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 0
AS SELECT job, slot FROM job_changes WHERE state_before = 'none'
