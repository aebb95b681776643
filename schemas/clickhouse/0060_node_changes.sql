-- What each final node event changed, by the rules of node_facts; see job_changes.
CREATE TABLE IF NOT EXISTS node_changes
(
    slot UInt64 CODEC(Delta, LZ4),
    tx_index UInt32,
    outer_ix UInt16,
    inner_ix Int32,
    ordinal UInt32,
    kind Enum8('NodeRegistered' = 1, 'NodeStatusChanged' = 2, 'NodeDeregistered' = 3),
    block_time DateTime('UTC') CODEC(Delta, LZ4),
    node FixedString(32),
    registered_before Bool,
    registered_after Bool,
    active_before Bool,
    active_after Bool,
    departed_before Bool,
    departed_after Bool,
    INDEX by_time block_time TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
ORDER BY (slot, tx_index, outer_ix, inner_ix, ordinal, kind)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 0
