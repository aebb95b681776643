-- Transactions on their way to a chain, as their sender keeps them: written before they are sent.
CREATE TABLE sends (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    open INTEGER NOT NULL CHECK (open IN (0, 1)),
    version INTEGER NOT NULL CHECK (version > 0),
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    record BLOB NOT NULL
) STRICT;

CREATE INDEX sends_open ON sends (number) WHERE open = 1;
