-- The last version of each account at slot {as_of}, with the data.
CREATE VIEW IF NOT EXISTS account_facts AS
SELECT *
FROM account_versions
WHERE slot <= {as_of:UInt64}
ORDER BY pubkey, slot DESC, write_version DESC
LIMIT 1 BY pubkey
