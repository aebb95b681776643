-- The cursor of who follows changes, rising over ingest_ledger and retractions. Rows of before count in slot order.
ALTER TABLE ingest_ledger ADD COLUMN IF NOT EXISTS seq UInt64 DEFAULT slot_lo + 1
