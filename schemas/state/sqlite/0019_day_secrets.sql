CREATE TABLE day_secrets (
    day INTEGER PRIMARY KEY,
    secret BLOB NOT NULL CHECK (length(secret) = 32),
    commitment BLOB NOT NULL CHECK (length(commitment) = 32),
    at INTEGER NOT NULL
) STRICT;

CREATE TRIGGER day_secrets_are_not_changed BEFORE UPDATE ON day_secrets
BEGIN SELECT RAISE(ABORT, 'the secret of a day is never changed'); END;

CREATE TRIGGER day_secrets_are_not_deleted BEFORE DELETE ON day_secrets
BEGIN SELECT RAISE(ABORT, 'the secret of a day is never deleted'); END;
