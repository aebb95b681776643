CREATE TABLE leases (
    role TEXT PRIMARY KEY,
    holder TEXT,
    fence INTEGER NOT NULL CHECK (fence > 0),
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
