-- What owners have set aside for jobs, and what jobs cost them. Amounts as in 0006.
CREATE TABLE budgets (
    owner BLOB PRIMARY KEY CHECK (length(owner) = 32),
    reserved INTEGER NOT NULL,
    spent INTEGER NOT NULL,
    open INTEGER NOT NULL CHECK (open >= 0)
) STRICT, WITHOUT ROWID;

-- `charged` is NULL while the reservation is open.
CREATE TABLE reservations (
    job TEXT PRIMARY KEY,
    owner BLOB NOT NULL CHECK (length(owner) = 32),
    amount INTEGER NOT NULL,
    charged INTEGER
) STRICT, WITHOUT ROWID;
