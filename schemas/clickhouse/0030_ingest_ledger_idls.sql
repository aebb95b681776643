-- Which set of IDLs a batch was decoded with: idl_sets. Rows of before there were sets hold zeros.
ALTER TABLE ingest_ledger ADD COLUMN IF NOT EXISTS idls FixedString(32)
