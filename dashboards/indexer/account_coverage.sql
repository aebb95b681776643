-- title: Account coverage
-- unit: slots
-- chart: table
-- as of: accounts
-- parameters: top UInt16 = 100 in 1..500, how many rows
--
-- For each program and reason, how many slots its accounts were observed in, or were not. Snapshots state all accounts as of one
-- slot. Observed at the confirmed level, not proven.
SELECT
    toString(label) AS program,
    toString(kind) AS coverage,
    reason,
    count() AS stretches,
    sum(slot_to - slot_from + 1) AS slots,
    max(slot_to) AS last_slot,
    if(kind = 'snapshot', toString(argMax(accounts, slot_to)), '') AS accounts_in_the_last
FROM account_coverage FINAL
GROUP BY label, kind, reason
ORDER BY program, kind, slots DESC
LIMIT {top:UInt16}
