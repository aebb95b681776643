-- The record stands last: whoever looks for jobs by the other columns reads none of it. States are 0 to 15; what they
-- mean is the caller's, but for `open`.
CREATE TABLE jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    owner BLOB NOT NULL CHECK (length(owner) = 32),
    kind TEXT NOT NULL,
    state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 15),
    open INTEGER NOT NULL CHECK (open IN (0, 1)),
    node TEXT,
    due INTEGER,
    awaits_content INTEGER NOT NULL CHECK (awaits_content IN (0, 1)),
    version INTEGER NOT NULL CHECK (version > 0),
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    record BLOB NOT NULL
) STRICT;

CREATE INDEX jobs_by_owner ON jobs (owner, number);
CREATE INDEX jobs_by_node ON jobs (node, number) WHERE node IS NOT NULL;
CREATE INDEX jobs_by_state ON jobs (state, number);
CREATE INDEX jobs_open ON jobs (number) WHERE open = 1;
CREATE INDEX jobs_over ON jobs (state, changed_at, number) WHERE open = 0;

-- Apart from the jobs, so that a change of state rewrites neither.
CREATE TABLE job_contents (
    number INTEGER PRIMARY KEY REFERENCES jobs (number),
    content BLOB NOT NULL
) STRICT;

CREATE TABLE job_outcomes (
    number INTEGER PRIMARY KEY REFERENCES jobs (number),
    outcome BLOB NOT NULL
) STRICT;

-- How many jobs are in a state: of all, and of one owner.
CREATE TABLE job_counts (
    state INTEGER PRIMARY KEY,
    jobs INTEGER NOT NULL CHECK (jobs >= 0)
) STRICT;

CREATE TABLE job_counts_by_owner (
    owner BLOB NOT NULL,
    state INTEGER NOT NULL,
    jobs INTEGER NOT NULL CHECK (jobs >= 0),
    PRIMARY KEY (owner, state)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER jobs_are_counted AFTER INSERT ON jobs
BEGIN
    INSERT INTO job_counts (state, jobs) VALUES (NEW.state, 1)
        ON CONFLICT (state) DO UPDATE SET jobs = jobs + 1;
    INSERT INTO job_counts_by_owner (owner, state, jobs) VALUES (NEW.owner, NEW.state, 1)
        ON CONFLICT (owner, state) DO UPDATE SET jobs = jobs + 1;
END;

CREATE TRIGGER jobs_are_counted_anew AFTER UPDATE OF state ON jobs WHEN OLD.state <> NEW.state
BEGIN
    UPDATE job_counts SET jobs = jobs - 1 WHERE state = OLD.state;
    UPDATE job_counts_by_owner SET jobs = jobs - 1 WHERE owner = OLD.owner AND state = OLD.state;
    INSERT INTO job_counts (state, jobs) VALUES (NEW.state, 1)
        ON CONFLICT (state) DO UPDATE SET jobs = jobs + 1;
    INSERT INTO job_counts_by_owner (owner, state, jobs) VALUES (NEW.owner, NEW.state, 1)
        ON CONFLICT (owner, state) DO UPDATE SET jobs = jobs + 1;
END;

-- An owner without jobs leaves no rows.
CREATE TRIGGER jobs_are_no_longer_counted AFTER DELETE ON jobs
BEGIN
    UPDATE job_counts SET jobs = jobs - 1 WHERE state = OLD.state;
    UPDATE job_counts_by_owner SET jobs = jobs - 1 WHERE owner = OLD.owner AND state = OLD.state;
    DELETE FROM job_counts_by_owner WHERE owner = OLD.owner AND jobs = 0;
END;
