-- What nodes earned, once for each job for ever: a credit outlives its job. Amounts as in 0006.
CREATE TABLE credits (
    seq INTEGER PRIMARY KEY,
    job TEXT NOT NULL UNIQUE,
    fence INTEGER NOT NULL,
    node TEXT NOT NULL,
    wallet BLOB NOT NULL CHECK (length(wallet) = 32),
    cost INTEGER NOT NULL,
    operator INTEGER NOT NULL,
    treasury INTEGER NOT NULL,
    incentive INTEGER NOT NULL,
    orchestrator INTEGER NOT NULL,
    at INTEGER NOT NULL
) STRICT;

CREATE INDEX credits_by_node ON credits (node, seq);
CREATE INDEX credits_by_wallet ON credits (wallet, seq);

CREATE TRIGGER credits_are_not_changed BEFORE UPDATE ON credits
BEGIN SELECT RAISE(ABORT, 'credits are only added'); END;

CREATE TRIGGER credits_are_not_deleted BEFORE DELETE ON credits
BEGIN SELECT RAISE(ABORT, 'credits are only added'); END;

-- Sums over them. Earner: 0 all (an empty name), 1 a node (its id), 2 a wallet.
CREATE TABLE earnings (
    earner INTEGER NOT NULL CHECK (earner BETWEEN 0 AND 2),
    name BLOB NOT NULL,
    credits INTEGER NOT NULL CHECK (credits > 0),
    cost INTEGER NOT NULL,
    operator INTEGER NOT NULL,
    PRIMARY KEY (earner, name)
) STRICT, WITHOUT ROWID;
