-- How far somebody has come who follows something outside of the store.
CREATE TABLE cursors (
    name TEXT PRIMARY KEY,
    position TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
