-- Assignments of a day ago are found without reading all there is.
ALTER TABLE canonical_events ADD INDEX IF NOT EXISTS by_time block_time TYPE minmax GRANULARITY 1
