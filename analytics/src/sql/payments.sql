-- Settlements of job_receipt in slots after {after} up to {upto}, whole slots of them, with the account that the node's part went to
-- (the third of the call) and whom the job was assigned to.
WITH paid AS
(
    SELECT slot, tx_index, outer_ix, inner_ix, ordinal, job, operator_amount, treasury_amount, incentive_amount, treasury,
        incentive
    FROM canonical_events
    WHERE kind = 'PaymentDistributed' AND label = 'job_receipt' AND slot > {after} AND slot <= {upto}
    ORDER BY slot
    LIMIT {limit} WITH TIES
)
SELECT paid.job AS job, paid.slot AS slot, paid.operator_amount AS operator_amount, paid.treasury_amount AS treasury_amount,
    paid.incentive_amount AS incentive_amount, paid.treasury AS treasury, paid.incentive AS incentive,
    arrayElement(said.accounts, 3) AS purse, taken.node AS node, taken.operator AS operator
FROM paid
LEFT JOIN
(
    SELECT slot, tx_index, outer_ix, inner_ix, ordinal, accounts
    FROM events
    WHERE (slot, tx_index) IN (SELECT slot, tx_index FROM paid)
) AS said USING (slot, tx_index, outer_ix, inner_ix, ordinal)
LEFT JOIN
(
    SELECT job, argMax(node, (slot, tx_index, outer_ix, inner_ix, ordinal)) AS node,
        argMax(operator, (slot, tx_index, outer_ix, inner_ix, ordinal)) AS operator
    FROM canonical_events
    WHERE kind = 'JobAssigned' AND job IN (SELECT job FROM paid) AND slot <= {upto}
    GROUP BY job
) AS taken ON taken.job = paid.job
ORDER BY paid.slot, paid.tx_index, paid.outer_ix, paid.inner_ix, paid.ordinal
