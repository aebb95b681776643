-- title: Nodes by GPU and memory
-- unit: nodes
-- chart: bars; x = gpu, y = nodes
-- as of: accounts
-- parameters: top UInt16 = 12 in 1..500, how many rows
--
-- Node accounts that are not closed, in the last state seen of each. The chain holds a hash of the hardware only. Where the owner put model and memory before it (`h100-80g-…`) they are shown, as
-- the owner's own word; else the node is in `not told`.
-- Observed from accounts at the confirmed level: not proven, and not part of any digest.
SELECT gpu, count() AS nodes, countIf(status = 'online') AS online
FROM
(
    SELECT
        splitByChar('-', gpu_specs_hash) AS parts,
        if(match(gpu_specs_hash, '^[a-z0-9]+-[0-9]+g-'),
            concat(substring(upper(parts[1]), 1, 16), ', ', substring(replaceOne(parts[2], 'g', ''), 1, 6), ' GB'),
            'not told') AS gpu,
        status
    FROM node_accounts
    WHERE NOT closed
)
GROUP BY gpu
ORDER BY nodes DESC, gpu
LIMIT {top:UInt16}
