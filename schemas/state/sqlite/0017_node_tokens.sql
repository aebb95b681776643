-- A token is unused while it has no node.
CREATE TABLE node_tokens (
    token BLOB PRIMARY KEY CHECK (length(token) = 32),
    wallet BLOB NOT NULL CHECK (length(wallet) = 32),
    issued_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    node TEXT,
    bound_at INTEGER,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX node_tokens_by_wallet ON node_tokens (wallet, issued_at DESC, token);
CREATE INDEX node_tokens_unused ON node_tokens (expires_at, token) WHERE node IS NULL;
