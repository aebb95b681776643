CREATE TABLE nonces (
    nonce BLOB PRIMARY KEY,
    issued BLOB NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX nonces_by_expiry ON nonces (expires_at, nonce);
