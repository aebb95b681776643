-- title: HYPER paid by hour
-- unit: HYPER
-- chart: stacked bars; x = hour, y = operators, treasury, incentives
-- parameters: hours UInt32 = 24, the window's length up to the newest block served; decimals UInt8 = 6, those of HYPER
--
-- What settlements moved in each hour of block time. Hours without a payment are zero; the exact sum is in base units.
WITH
    (SELECT max(slot_hi) FROM ingest_ledger) AS served,
    assumeNotNull((SELECT toStartOfHour(max(block_time)) FROM blocks WHERE slot <= served)) AS last_hour,
    toDateTime(greatest(toInt64(last_hour) - 3600 * (toInt64({hours:UInt32}) - 1), 0), 'UTC') AS first_hour,
    toUInt128(pow(10, {decimals:UInt8})) AS scale
SELECT
    grid.hour AS hour,
    toFloat64(paid.operators) / scale AS operators,
    toFloat64(paid.treasuries) / scale AS treasury,
    toFloat64(paid.incentives) / scale AS incentives,
    paid.payments AS payments,
    paid.base_units AS base_units
FROM
(
    SELECT first_hour + toIntervalHour(number) AS hour
    FROM numbers({hours:UInt32})
) AS grid
LEFT JOIN
(
    SELECT
        toStartOfHour(paid_time) AS hour,
        sum(toUInt128(operator_amount)) AS operators,
        sum(toUInt128(treasury_amount)) AS treasuries,
        sum(toUInt128(incentive_amount)) AS incentives,
        count() AS payments,
        sum(paid) AS base_units
    FROM payment_facts(as_of = (SELECT max(slot_hi) FROM ingest_ledger))
    WHERE paid_time >= first_hour
    GROUP BY hour
) AS paid ON paid.hour = grid.hour
ORDER BY hour
