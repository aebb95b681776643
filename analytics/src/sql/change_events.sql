SELECT toString(t.kind) AS kind, t.slot AS slot, t.tx_index AS tx_index, t.outer_ix AS outer_ix, t.inner_ix AS inner_ix,
    t.ordinal AS ordinal, base58Encode(t.signature) AS signature, toInt64(toUnixTimestamp(t.block_time)) AS block_time,
    base58Encode(t.program) AS program, toString(t.label) AS label,
    if(reinterpretAsUInt256(t.job) = 0, '', base58Encode(t.job)) AS job,
    if(reinterpretAsUInt256(t.node) = 0, '', base58Encode(t.node)) AS node,
    if(reinterpretAsUInt256(t.requester) = 0, '', base58Encode(t.requester)) AS requester,
    if(reinterpretAsUInt256(t.operator) = 0, '', base58Encode(t.operator)) AS operator,
    t.name AS name, t.node_name AS node_name, toString(t.job_type) AS job_type, toString(t.status) AS status,
    toString(t.price) AS price, toString(t.operator_amount) AS operator_amount,
    toString(t.treasury_amount) AS treasury_amount, toString(t.incentive_amount) AS incentive_amount
FROM {rows}
ORDER BY t.slot, t.tx_index, t.outer_ix, t.inner_ix, t.ordinal, t.kind
LIMIT {limit} OFFSET {told}
