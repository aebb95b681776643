-- Slots that are not stored may be asked for, too.
ALTER TABLE operator_requests MODIFY COLUMN kind Enum8('accept_gap' = 1, 'repair' = 2, 'backfill' = 3)
