-- Jobs that the newest events are of: the newest jobs are among them. `materialize` keeps a condition from being one of a
-- key: the engine would prefer a projection to the table's own order, and read all of history.
SELECT job FROM
(
    SELECT job FROM canonical_events WHERE kind = 'JobCreated' AND slot <= {as_of} AND job != materialize(toFixedString('', 32))
    ORDER BY slot DESC, tx_index DESC, outer_ix DESC, inner_ix DESC, ordinal DESC LIMIT {limit}
    UNION ALL
    SELECT job FROM canonical_events WHERE kind = 'JobAssigned' AND slot <= {as_of} AND job != materialize(toFixedString('', 32))
    ORDER BY slot DESC, tx_index DESC, outer_ix DESC, inner_ix DESC, ordinal DESC LIMIT {limit} * 4
    UNION ALL
    SELECT job FROM canonical_events WHERE kind = 'JobFailed' AND slot <= {as_of} AND job != materialize(toFixedString('', 32))
    ORDER BY slot DESC, tx_index DESC, outer_ix DESC, inner_ix DESC, ordinal DESC LIMIT {limit} * 4
    UNION ALL
    SELECT job FROM canonical_events WHERE kind = 'JobCompleted' AND slot <= {as_of} AND job != materialize(toFixedString('', 32))
    ORDER BY slot DESC, tx_index DESC, outer_ix DESC, inner_ix DESC, ordinal DESC LIMIT {limit} * 4
)
