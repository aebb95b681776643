-- What each node event of slots {from} to {to} changed, by the rules of the view node_facts; see job_changes.sql.
SELECT
    slot, tx_index, outer_ix, inner_ix, ordinal, kind, block_time, node,
    was.1 AS registered_before, now.1 AS registered_after,
    was.2 AS active_before, now.2 AS active_after,
    was.3 AS departed_before, now.3 AS departed_after
FROM
(
    SELECT
        *,
        lagInFrame(now, 1, (false, false, false)) OVER (
            PARTITION BY node ORDER BY slot, tx_index, outer_ix, inner_ix, ordinal, kind
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS was
    FROM
    (
        SELECT
            slot, tx_index, outer_ix, inner_ix, ordinal, kind, block_time, node,
            max(kind = 'NodeRegistered') OVER upto AS ever,
            argMaxIf(kind = 'NodeRegistered', at, kind IN ('NodeRegistered', 'NodeDeregistered')) OVER upto AS registered,
            argMaxIf(if(kind = 'NodeRegistered', 'online', toString(status)), at,
                kind IN ('NodeRegistered', 'NodeStatusChanged')) OVER upto AS announced,
            tuple(toBool(registered), toBool(registered AND announced = 'online'), toBool(ever AND NOT registered)) AS now
        FROM
        (
            SELECT
                *,
                bitOr(
                    bitShiftLeft(toUInt128(bitOr(bitShiftLeft(slot, 24), toUInt64(tx_index))), 64),
                    toUInt128(bitOr(
                        bitOr(bitShiftLeft(toUInt64(outer_ix), 48), bitShiftLeft(toUInt64(inner_ix + 1), 32)),
                        toUInt64(ordinal)
                    ))
                ) AS at
            FROM canonical_events
            WHERE slot <= {to}
                AND kind IN ('NodeRegistered', 'NodeStatusChanged', 'NodeDeregistered')
                AND node != toFixedString('', 32)
                AND {nodes}
        )
        WINDOW upto AS (
            PARTITION BY node ORDER BY slot, tx_index, outer_ix, inner_ix, ordinal, kind
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
    )
)
WHERE slot >= {from}
