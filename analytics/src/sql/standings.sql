-- What the matchmaker asks of registered nodes: score, evidence, and the stake that their account holds now. Those of which nothing
-- is known but that they are registered are left out: they are as any node.
SELECT reputation.node_id AS node_id, toUInt16(reputation.score) AS score, reputation.good + reputation.bad AS evidence,
    toUInt64(if(accounts.closed, 0, accounts.stake)) AS stake
FROM reputation
LEFT JOIN (SELECT pubkey, stake, closed FROM node_accounts) AS accounts ON accounts.pubkey = reputation.node_id
WHERE evidence > 0 OR stake > 0
