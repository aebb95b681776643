-- Numbers are never used twice, even when all messages were trimmed.
CREATE TABLE outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    topic TEXT NOT NULL,
    key TEXT NOT NULL,
    payload BLOB NOT NULL,
    at INTEGER NOT NULL
) STRICT;

CREATE INDEX outbox_by_topic ON outbox (topic, seq);

CREATE TABLE consumers (
    topic TEXT NOT NULL,
    consumer TEXT NOT NULL,
    acked INTEGER NOT NULL,
    PRIMARY KEY (topic, consumer)
) STRICT, WITHOUT ROWID;
