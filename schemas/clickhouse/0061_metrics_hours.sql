-- Network metrics by hour of block time, and over all time (hour 0), from the finalized chain: sums of job_changes and
-- node_changes. Ask with FINAL, or the views metrics_by_hour and metrics_total. What `n` and `amount` are, by `what`:
--   jobs      n more jobs of job_type in `state`                 flow   n events `state` (the first of each job; payments: all)
--   run       n more jobs that ran `ms`                          wait   n more that waited `ms` for their first node
--   total     n more that took `ms` from creation to result      paid   amount paid to `state`: operator, treasury, incentive
--   locked    amount more that is created and not paid out       value  amount more that completed jobs cost
--   node      n completions that count for `node`, amount = ms   nodes  n more nodes that are `state`; registration: n of them
--   requester n jobs of `requester` that were `state` (JobCreated, JobCancelled, PaymentDistributed), amount = paid for them
--   checkpoint  every final slot up to `slot` is in here, changes up to `seq` were heeded
-- One step is one insert, and one part: all of it counts or none.
CREATE TABLE IF NOT EXISTS metrics_hours
(
    what LowCardinality(String),
    hour DateTime('UTC'),
    job_type LowCardinality(String),
    state LowCardinality(String),
    node FixedString(32),
    requester FixedString(32),
    ms UInt64,
    n Int64,
    amount Int128,
    step UInt64,
    slot UInt64,
    seq UInt64
)
ENGINE = ReplacingMergeTree(step)
ORDER BY (what, hour, job_type, state, node, requester, ms)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 0
