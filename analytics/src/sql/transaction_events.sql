-- The decoded records of one transaction in the order of their identity, beside what each means to the network.
SELECT
    e.outer_ix AS outer_ix,
    e.inner_ix AS inner_ix,
    CAST(e.label AS String) AS program,
    base58Encode(e.program) AS program_id,
    CAST(e.event AS String) AS event,
    toString(e.via) AS via,
    if(c.known, toString(c.kind), '') AS meaning,
    if(c.job = toFixedString('', 32), '', base58Encode(c.job)) AS job_id,
    if(c.node = toFixedString('', 32), '', base58Encode(c.node)) AS node_id,
    toValidUTF8(c.name) AS label,
    c.price AS price,
    toUInt128(c.operator_amount) + toUInt128(c.treasury_amount) + toUInt128(c.incentive_amount) AS paid
FROM
(
    SELECT outer_ix, inner_ix, ordinal, label, program, event, via
    FROM events
    WHERE slot = {slot} AND tx_index = {tx_index}
    ORDER BY outer_ix, inner_ix, ordinal
    LIMIT {limit}
) AS e
LEFT JOIN
(
    SELECT
        true AS known,
        outer_ix,
        inner_ix,
        ordinal,
        kind,
        job,
        node,
        if(name = '', node_name, name) AS name,
        price,
        operator_amount,
        treasury_amount,
        incentive_amount
    FROM canonical_events
    WHERE slot = {slot} AND tx_index = {tx_index}
) AS c ON c.outer_ix = e.outer_ix AND c.inner_ix = e.inner_ix AND c.ordinal = e.ordinal
ORDER BY e.outer_ix, e.inner_ix, e.ordinal
