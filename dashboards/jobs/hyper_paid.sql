-- title: HYPER paid
-- unit: HYPER
-- chart: stacked bars; x = time, y = operators, treasury, incentives
-- as of: metrics
-- parameters: hours UInt32 = 24 in 1..8760, the length of the window up to the newest final block; decimals UInt8 = 6 in 0..18, those of HYPER
--
-- What settlements moved in each step, and to whom. The exact sum is in base units. Final blocks only.
WITH
    assumeNotNull((SELECT max(slot) FROM metrics_hours FINAL WHERE what = 'checkpoint')) AS final_slot,
    assumeNotNull((SELECT max(toUnixTimestamp(block_time)) FROM
        (SELECT block_time FROM blocks WHERE slot <= final_slot ORDER BY slot DESC LIMIT 1))) AS newest,
    -- Steps of a minute, five minutes, an hour or a day: at most 365 of them, the last one with the newest final block.
    multiIf({hours:UInt32} <= 2, 60, {hours:UInt32} <= 12, 300, {hours:UInt32} <= 336, 3600, 86400) AS width,
    intDiv(toUInt64({hours:UInt32}) * 3600, width) AS steps,
    toInt64(intDiv(newest, width) * width) AS last_step,
    greatest(last_step - toInt64(width * (steps - 1)), 0) AS first_step
SELECT
    toDateTime(grid.at, 'UTC') AS time,
    toFloat64(paid.operators) / pow(10, {decimals:UInt8}) AS operators,
    toFloat64(paid.treasury) / pow(10, {decimals:UInt8}) AS treasury,
    toFloat64(paid.incentives) / pow(10, {decimals:UInt8}) AS incentives,
    toString(paid.operators + paid.treasury + paid.incentives) AS base_units
FROM
(
    SELECT arrayJoin(arrayMap(i -> first_step + toInt64(i * width), range(if(newest = 0, 0, steps)))) AS at
) AS grid
LEFT JOIN
(
    SELECT
        greatest(least(intDiv(moment, width) * width, last_step), first_step) AS at,
        sumIf(more, payee = 'operator') AS operators,
        sumIf(more, payee = 'treasury') AS treasury,
        sumIf(more, payee = 'incentive') AS incentives
    FROM
    (
        SELECT toInt64(toUnixTimestamp(hour)) AS moment, toString(state) AS payee, amount AS more FROM metrics_hours FINAL
        WHERE width >= 3600 AND what = 'paid' AND hour >= toDateTime(greatest(first_step, 1), 'UTC')
        UNION ALL
        SELECT toInt64(toUnixTimestamp(block_time)), part.1, toInt128(part.2) FROM job_changes
        ARRAY JOIN [('operator', operator_amount), ('treasury', treasury_amount), ('incentive', incentive_amount)] AS part
        WHERE width < 3600 AND kind = 'PaymentDistributed' AND slot <= final_slot
            AND block_time >= toDateTime(first_step, 'UTC')
    )
    GROUP BY at
) AS paid ON paid.at = grid.at
ORDER BY time
