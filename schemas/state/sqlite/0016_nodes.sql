CREATE TABLE nodes (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    wallet BLOB NOT NULL CHECK (length(wallet) = 32),
    chain BLOB CHECK (length(chain) = 32),
    version INTEGER NOT NULL CHECK (version > 0),
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    record BLOB NOT NULL
) STRICT;

CREATE INDEX nodes_by_wallet ON nodes (wallet, id);
