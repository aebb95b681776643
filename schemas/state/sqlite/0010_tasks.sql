-- What a task is never changes: claims and ends rewrite no payload. Where it stands is which one of the tables below
-- has its row: each move is a row deleted here and one inserted there.
CREATE TABLE tasks (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    queue TEXT NOT NULL,
    priority INTEGER NOT NULL,
    payload BLOB NOT NULL
) STRICT;

-- Its time has not come.
CREATE TABLE task_waiting (
    seq INTEGER PRIMARY KEY REFERENCES tasks (seq),
    queue TEXT NOT NULL,
    not_before INTEGER NOT NULL,
    fence INTEGER NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT;

CREATE INDEX task_waiting_by_time ON task_waiting (queue, not_before, seq);

-- In the order of claims: `rank` is the negated priority.
CREATE TABLE task_ready (
    queue TEXT NOT NULL,
    rank INTEGER NOT NULL,
    seq INTEGER NOT NULL REFERENCES tasks (seq),
    fence INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (queue, rank, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE task_leases (
    seq INTEGER PRIMARY KEY REFERENCES tasks (seq),
    fence INTEGER NOT NULL CHECK (fence > 0),
    worker TEXT NOT NULL,
    until INTEGER NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT;

CREATE INDEX task_leases_by_end ON task_leases (until, seq);

-- State: 3 completed, 4 dead, 5 cancelled.
CREATE TABLE task_over (
    seq INTEGER PRIMARY KEY REFERENCES tasks (seq),
    state INTEGER NOT NULL CHECK (state BETWEEN 3 AND 5),
    fence INTEGER NOT NULL,
    outcome BLOB NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT;

CREATE INDEX task_over_by_time ON task_over (changed_at, seq);

-- Why the last attempt of a task failed that gets another one.
CREATE TABLE task_failures (
    seq INTEGER PRIMARY KEY REFERENCES tasks (seq),
    reason BLOB NOT NULL
) STRICT;

-- Fences that were tried when they were no longer the task's: kept although their units left no other trace.
CREATE TABLE stale_fences (
    seq INTEGER NOT NULL REFERENCES tasks (seq),
    fence INTEGER NOT NULL,
    times INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    PRIMARY KEY (seq, fence)
) STRICT, WITHOUT ROWID;
