-- title: Gaps
-- unit: slots
-- chart: table
-- as of: ledger
-- parameters: top UInt16 = 50 in 1..500, how many gaps, the newest first
--
-- Slots that a source left out, in the last state of each. Open: asked for again, and nothing after it is served; filled: some
-- source delivered it; accepted: the operator goes on without. The reason is what the source, or the operator, gave.
SELECT
    slot_lo AS first_slot,
    slot_hi AS last_slot,
    slot_hi - slot_lo + 1 AS slots,
    toString(argMax(state, at)) AS now,
    argMax(reason, at) AS why,
    toString(argMax(source, at)) AS found_by,
    toDateTime(min(at), 'UTC') AS since,
    toDateTime(max(at), 'UTC') AS changed
FROM gaps
GROUP BY slot_lo, slot_hi
ORDER BY since DESC, first_slot DESC
LIMIT {top:UInt16}
