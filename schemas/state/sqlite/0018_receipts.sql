-- How each offer or assignment came about. They go with their job; numbers are never used twice.
CREATE TABLE receipts (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    job TEXT NOT NULL,
    fence INTEGER NOT NULL,
    at INTEGER NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    signature BLOB NOT NULL CHECK (length(signature) = 64),
    receipt BLOB NOT NULL,
    UNIQUE (job, fence)
) STRICT;

CREATE TRIGGER receipts_are_not_changed BEFORE UPDATE ON receipts
BEGIN SELECT RAISE(ABORT, 'a match receipt is never changed'); END;
