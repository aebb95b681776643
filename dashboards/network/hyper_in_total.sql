-- title: HYPER paid
-- unit: HYPER
-- chart: number; y = paid
-- as of: metrics
-- parameters: decimals UInt8 = 6 in 0..18, those of HYPER
--
-- Operator, treasury and incentive amounts of all settlements ever. The exact sum is in base units. Final blocks only.
SELECT toFloat64(sum(amount)) / pow(10, {decimals:UInt8}) AS paid, toString(sum(amount)) AS base_units
FROM metrics_hours FINAL
WHERE what = 'paid' AND hour = toDateTime(0, 'UTC')
