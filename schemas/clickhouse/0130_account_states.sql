-- Accounts for people: the last version of each, addresses as base58 text, '' where there is none.
CREATE VIEW IF NOT EXISTS account_states AS
SELECT
    base58Encode(pubkey) AS pubkey,
    base58Encode(owner) AS owner,
    label,
    account,
    lamports,
    executable,
    if(signature = toFixedString('', 64), '', base58Encode(signature)) AS signature,
    source,
    closed,
    layout,
    reason,
    detail,
    slot,
    write_version,
    data
FROM account_facts(as_of = 18446744073709551615)
