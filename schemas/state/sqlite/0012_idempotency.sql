-- `response` is NULL while the request is in flight.
CREATE TABLE idempotency (
    id INTEGER PRIMARY KEY,
    owner TEXT NOT NULL,
    key TEXT NOT NULL,
    body BLOB NOT NULL CHECK (length(body) = 32),
    attempt INTEGER NOT NULL,
    held_until INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    response BLOB,
    UNIQUE (owner, key)
) STRICT;

CREATE INDEX idempotency_by_expiry ON idempotency (expires_at, owner, key);
