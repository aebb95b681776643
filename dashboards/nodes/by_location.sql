-- title: Nodes by location
-- unit: nodes
-- chart: bars; x = location, y = nodes
-- as of: accounts
-- parameters: top UInt16 = 12 in 1..500, how many rows
--
-- Node accounts that are not closed, in the last state seen of each. By the location that the owner stated, unchecked.
-- Observed from accounts at the confirmed level: not proven, and not part of any digest.
SELECT location, count() AS nodes, countIf(status = 'online') AS online
FROM
(
    SELECT if(location = '', 'not told', location) AS location, status
    FROM node_accounts
    WHERE NOT closed
)
GROUP BY location
ORDER BY nodes DESC, location
LIMIT {top:UInt16}
