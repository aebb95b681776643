-- Nodes as their events tell them, beside what their accounts hold now: stake, location and status are only there.
CREATE VIEW IF NOT EXISTS nodes_with_accounts AS
SELECT
    nodes.*,
    account.status AS account_status,
    account.stake AS stake,
    account.location AS location,
    account.gpu_specs_hash AS gpu_specs_hash,
    account.reputation AS reputation,
    account.jobs_completed AS jobs_completed,
    account.total_earned AS total_earned,
    account.last_heartbeat AS last_heartbeat,
    account.layout AS layout,
    account.slot AS account_slot,
    account.closed AS account_closed
FROM nodes
LEFT JOIN node_accounts AS account ON account.pubkey = nodes.node_id
