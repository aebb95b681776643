-- A made-up history: jobs {from} to {to} of 10,000 nodes and 1,000 requesters, four of them created in each slot, each
-- assigned, completed and paid; addresses as evenly spread as real ones.
INSERT INTO canonical_events
    (slot, tx_index, outer_ix, inner_ix, ordinal, signature, block_time, kind, program, label, job, node, requester, operator,
     authority, treasury, incentive, name, job_type, price, operator_amount, treasury_amount, incentive_amount)
SELECT
    at, toUInt32(n % 64 * 4 + e), 0, -1, 0, toFixedString(concat(id, id), 64), toDateTime({start} + intDiv(at * 2, 5), 'UTC'),
    ['JobCreated', 'JobAssigned', 'JobCompleted', 'PaymentDistributed'][e],
    toFixedString('program', 32), 'job_receipt', id,
    if(e = 2, whom, nobody), if(e = 1, who, nobody), if(e IN (2, 3), whom, nobody), if(e = 2, whom, nobody),
    if(e = 4, toFixedString('treasury', 32), nobody), if(e = 4, toFixedString('incentive', 32), nobody),
    if(e = 1, concat('job-', toString(n)), ''),
    if(e = 1, ['llm_inference', 'llm_fine_tuning', 'rag_indexing', 'vision_pipeline', 'render', 'generic_compute'][1 + n % 6], ''),
    if(e = 1, toUInt64(1000000 + n % 1000000), 0),
    if(e = 4, 800000 + n % 1000, 0), if(e = 4, 100000, 0), if(e = 4, 50000, 0)
FROM
(
    SELECT
        number AS n,
        toFixedString('', 32) AS nobody,
        toFixedString(concat(sipHash128(n), sipHash128(n, 1)), 32) AS id,
        toFixedString(concat(sipHash128(n % 10000, 2), sipHash128(n % 10000, 3)), 32) AS whom,
        toFixedString(concat(sipHash128(n % 1009 % 1000, 4), sipHash128(n % 1009 % 1000, 5)), 32) AS who,
        arrayJoin([1, 2, 3, 4]) AS e,
        toUInt64(1 + intDiv(n, 4) + [0, 3 + n % 20, 50 + n % 3000, 60 + n % 3000][e]) AS at
    FROM numbers({from}, {to} - {from})
)
