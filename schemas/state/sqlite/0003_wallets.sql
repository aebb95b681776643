CREATE TABLE wallets (
    wallet BLOB PRIMARY KEY CHECK (length(wallet) = 32),
    roles INTEGER NOT NULL,
    epoch INTEGER NOT NULL CHECK (epoch >= 0),
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Few wallets have a role; these are looked for.
CREATE INDEX wallets_with_roles ON wallets (wallet, roles) WHERE roles <> 0;
