-- metrics_hours for people: the hours alone, each key once, node addresses as base58 text.
CREATE VIEW IF NOT EXISTS metrics_by_hour AS
SELECT what, hour, job_type, state, if(node = toFixedString('', 32), '', base58Encode(node)) AS node_id,
    if(requester = toFixedString('', 32), '', base58Encode(requester)) AS requester_id, ms, n, amount
FROM metrics_hours FINAL
WHERE hour != toDateTime(0, 'UTC')
