SELECT owner, label
FROM
(
    SELECT operator AS owner, node_name AS label, kind
    FROM canonical_events
    WHERE node = {node} AND kind IN ('NodeRegistered', 'NodeDeregistered')
        AND slot <= (SELECT max(slot_hi) FROM ingest_ledger)
    ORDER BY slot DESC, tx_index DESC, outer_ix DESC, inner_ix DESC, ordinal DESC
    LIMIT 1
)
WHERE kind = 'NodeRegistered'
