-- The newest of what seldom happens is found without reading all there is.
ALTER TABLE canonical_events ADD INDEX IF NOT EXISTS kinds kind TYPE set(16) GRANULARITY 1
