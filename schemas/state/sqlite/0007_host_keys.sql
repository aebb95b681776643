CREATE TABLE host_keys (
    key BLOB PRIMARY KEY CHECK (length(key) = 32),
    owner BLOB NOT NULL REFERENCES wallets (wallet),
    node BLOB CHECK (length(node) = 32),
    label TEXT NOT NULL,
    added_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX host_keys_by_owner ON host_keys (owner, key);
