-- Node accounts for people: the last state seen of each, addresses as base58 text.
CREATE VIEW IF NOT EXISTS node_accounts AS
SELECT
    base58Encode(pubkey) AS pubkey,
    base58Encode(owner) AS owner,
    node_id,
    gpu_specs_hash,
    location,
    status,
    stake,
    reputation,
    jobs_completed,
    jobs_failed,
    total_earned,
    toDateTime(least(greatest(last_heartbeat, 0), 4294967295), 'UTC') AS last_heartbeat,
    toDateTime(least(greatest(registered_at, 0), 4294967295), 'UTC') AS registered_at,
    label,
    layout,
    slot,
    closed
FROM node_account_facts(as_of = 18446744073709551615)
