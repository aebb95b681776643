-- Numbers that only grow.
CREATE TABLE counters (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL CHECK (value >= 0)
) STRICT, WITHOUT ROWID;

-- accounts_version: changes that cached decisions rest on. idempotency_attempt: attempts over all keys.
INSERT INTO counters (name, value) VALUES ('accounts_version', 0), ('idempotency_attempt', 0);
