-- metrics_hours for people: over all time, as of the checkpoint's slot.
CREATE VIEW IF NOT EXISTS metrics_total AS
SELECT
    what, job_type, state, if(node = toFixedString('', 32), '', base58Encode(node)) AS node_id,
    if(requester = toFixedString('', 32), '', base58Encode(requester)) AS requester_id, ms, n, amount,
    (SELECT slot FROM metrics_hours FINAL WHERE what = 'checkpoint') AS as_of_slot
FROM metrics_hours FINAL
WHERE hour = toDateTime(0, 'UTC') AND what != 'checkpoint'
