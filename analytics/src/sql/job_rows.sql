-- What changes of jobs add to the metrics, by key: see metrics_hours. What stands in its place has the columns of job_changes.
SELECT row.1 AS what, block_time AS time, row.2 AS job_type, row.3 AS state, row.4 AS node, row.5 AS requester, row.6 AS ms,
    row.7 AS n, row.8 AS amount
FROM
(
    SELECT
        block_time,
        toFixedString('', 32) AS nobody,
        -- A tuple for each key that is changed: what, job type, state, node, requester, milliseconds, count, amount.
        arrayJoin(arrayConcat(
            if((type_before, state_before) = (type_after, state_after), [], arrayConcat(
                if(state_before = 'none', [], [('jobs', toString(type_before), toString(state_before), nobody, nobody, toUInt64(0),
                    toInt64(-1), toInt128(0))]),
                [('jobs', toString(type_after), toString(state_after), nobody, nobody, toUInt64(0), toInt64(1), toInt128(0))])),
            if(first, [('flow', toString(type_after), toString(kind), nobody, nobody, toUInt64(0), toInt64(1), toInt128(0))], []),
            if(kind != 'PaymentDistributed', [], [
                ('flow', toString(type_after), 'payments', nobody, nobody, toUInt64(0), toInt64(1), toInt128(0)),
                ('paid', toString(type_after), 'operator', nobody, nobody, toUInt64(0), toInt64(0), toInt128(operator_amount)),
                ('paid', toString(type_after), 'treasury', nobody, nobody, toUInt64(0), toInt64(0), toInt128(treasury_amount)),
                ('paid', toString(type_after), 'incentive', nobody, nobody, toUInt64(0), toInt64(0), toInt128(incentive_amount))]),
            if(locked = 0, [], [('locked', toString(type_after), '', nobody, nobody, toUInt64(0), toInt64(0), locked)]),
            if(completed_price = 0, [], [('value', toString(type_after), '', nobody, nobody, toUInt64(0), toInt64(0), completed_price)]),
            if(first AND kind = 'JobCompleted' AND node != nobody, [('node', toString(type_after), '', node, nobody, toUInt64(0),
                toInt64(1), toInt128(greatest(run_after, toInt64(0))))], []),
            if(requester != nobody AND (first AND kind IN ('JobCreated', 'JobCancelled') OR kind = 'PaymentDistributed'),
                [('requester', '', toString(kind), nobody, requester, toUInt64(0), toInt64(first),
                    if(kind = 'PaymentDistributed',
                        toInt128(operator_amount) + toInt128(treasury_amount) + toInt128(incentive_amount), 0))], []),
            -- A duration that another event makes another one leaves its old place.
            arrayFlatten(arrayMap(d -> if((d.2, type_before) = (d.3, type_after), [], arrayConcat(
                if(d.2 < 0, [], [(d.1, toString(type_before), '', nobody, nobody, toUInt64(d.2), toInt64(-1), toInt128(0))]),
                if(d.3 < 0, [], [(d.1, toString(type_after), '', nobody, nobody, toUInt64(d.3), toInt64(1), toInt128(0))]))),
                [('run', run_before, run_after), ('wait', wait_before, wait_after), ('total', total_before, total_after)]))
        )) AS row
    FROM {changes}
)
