-- Nodes for people: node_facts at the served slot, addresses as base58 text, '' where there is none.
CREATE VIEW IF NOT EXISTS nodes AS
SELECT
    base58Encode(node) AS node_id,
    label,
    if(ever_registered, base58Encode(owner), '') AS owner,
    registered,
    active,
    status,
    registered_slot,
    registered_time,
    if(ever_registered, base58Encode(registered_signature), '') AS registered_signature,
    deregistered_slot,
    deregistered_time,
    last_seen_slot,
    last_seen_time
FROM node_facts(as_of = (SELECT max(slot_hi) FROM ingest_ledger))
