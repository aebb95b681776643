CREATE TABLE queues (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

-- What a claim or an end changes, and no more: rows are rewritten whole. States: 0 waiting, 1 ready, 2 leased,
-- 3 completed, 4 dead, 5 cancelled.
CREATE TABLE tasks (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    queue INTEGER NOT NULL REFERENCES queues (id),
    priority INTEGER NOT NULL,
    state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 5),
    not_before INTEGER NOT NULL,
    fence INTEGER NOT NULL CHECK (fence >= 0),
    worker TEXT,
    lease_until INTEGER,
    changed_at INTEGER NOT NULL,
    CHECK ((state = 2) = (worker IS NOT NULL) AND (state = 2) = (lease_until IS NOT NULL))
) STRICT;

CREATE INDEX tasks_waiting ON tasks (queue, not_before, seq) WHERE state = 0;
CREATE INDEX tasks_ready ON tasks (queue, priority DESC, seq) WHERE state = 1;
CREATE INDEX tasks_leased ON tasks (lease_until, seq) WHERE state = 2;
CREATE INDEX tasks_over ON tasks (changed_at, seq) WHERE state >= 3;

CREATE TABLE task_payloads (
    seq INTEGER PRIMARY KEY REFERENCES tasks (seq),
    payload BLOB NOT NULL
) STRICT;

CREATE TABLE task_outcomes (
    seq INTEGER PRIMARY KEY REFERENCES tasks (seq),
    outcome BLOB NOT NULL
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
