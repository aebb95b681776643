CREATE TABLE sessions (
    token BLOB PRIMARY KEY CHECK (length(token) = 32),
    wallet BLOB NOT NULL REFERENCES wallets (wallet),
    epoch INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    idle_ms INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER,
    label TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_by_wallet ON sessions (wallet, created_at DESC, token);
CREATE INDEX sessions_by_expiry ON sessions (expires_at, token);
