-- Jobs that the newest events are of, from {since} on: the newest jobs are among them, if so many were created since.
SELECT job FROM
(
    SELECT job FROM canonical_events WHERE kind = 'JobCreated' AND slot >= {since} AND slot <= {as_of} AND job != toFixedString('', 32)
    ORDER BY slot DESC, tx_index DESC, outer_ix DESC, inner_ix DESC, ordinal DESC LIMIT {limit}
    UNION ALL
    SELECT job FROM canonical_events WHERE kind = 'JobAssigned' AND slot >= {since} AND slot <= {as_of} AND job != toFixedString('', 32)
    ORDER BY slot DESC, tx_index DESC, outer_ix DESC, inner_ix DESC, ordinal DESC LIMIT {limit} * 4
    UNION ALL
    SELECT job FROM canonical_events WHERE kind = 'JobFailed' AND slot >= {since} AND slot <= {as_of} AND job != toFixedString('', 32)
    ORDER BY slot DESC, tx_index DESC, outer_ix DESC, inner_ix DESC, ordinal DESC LIMIT {limit} * 4
    UNION ALL
    SELECT job FROM canonical_events WHERE kind = 'JobCompleted' AND slot >= {since} AND slot <= {as_of} AND job != toFixedString('', 32)
    ORDER BY slot DESC, tx_index DESC, outer_ix DESC, inner_ix DESC, ordinal DESC LIMIT {limit} * 4
)
