-- title: Dispatched jobs by state
-- unit: jobs
-- chart: bars; x = state, y = jobs
-- as of: dispatch
-- parameters: hours UInt32 = 24 in 1..8760, the length of the window up to the newest fact
--
-- Jobs that changed in the window, each in the state that it is in now. Jobs that others took on chain, or that were cancelled
-- there before this dispatcher gave them to anybody, are left out. Told by the dispatcher; not a figure of the chain.
WITH
    ['waiting', 'queued', 'offered', 'leased', 'completed', 'failed', 'cancelled', 'dead'] AS known,
    assumeNotNull((SELECT max(toUnixTimestamp(at)) FROM (SELECT at FROM dispatch_jobs ORDER BY seq DESC LIMIT 1))) AS newest
SELECT names.state AS state, toInt64(countIf(latest.job != '')) AS jobs
FROM
(
    SELECT arrayJoin(known) AS state
) AS names
LEFT JOIN
(
    SELECT job, argMax(if(state = 'cancelled' AND cause = 'chain' AND fence = 0, 'elsewhere', state), seq) AS state FROM dispatch_jobs
    WHERE at >= toDateTime64(greatest(toInt64(newest) - 3600 * toInt64({hours:UInt32}), 0), 3, 'UTC')
    GROUP BY job
) AS latest ON latest.state = names.state
GROUP BY state
ORDER BY indexOf(known, state)
