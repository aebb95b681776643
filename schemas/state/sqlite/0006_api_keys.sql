-- What keys that were rotated into one another may spend together. Amounts are u64 with the highest bit flipped, so that
-- order and equality of the stored integers are those of the amounts.
CREATE TABLE purses (
    id INTEGER PRIMARY KEY,
    cap INTEGER,
    spent INTEGER NOT NULL
) STRICT;

CREATE TABLE api_keys (
    id TEXT PRIMARY KEY,
    secret BLOB NOT NULL CHECK (length(secret) = 32),
    owner BLOB NOT NULL REFERENCES wallets (wallet),
    purse INTEGER NOT NULL REFERENCES purses (id),
    scopes TEXT NOT NULL,
    label TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    used_at INTEGER,
    revoked_at INTEGER,
    rotated_from TEXT REFERENCES api_keys (id)
) STRICT, WITHOUT ROWID;

CREATE INDEX api_keys_by_owner ON api_keys (owner, id);
