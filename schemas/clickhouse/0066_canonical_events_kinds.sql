-- What seldom happens is found without reading all there is, where the table itself is read and no projection of it.
ALTER TABLE canonical_events ADD INDEX IF NOT EXISTS kinds kind TYPE set(16) GRANULARITY 1
