-- Calls that the IDL cannot explain are dead letters too.
ALTER TABLE dead_letters MODIFY COLUMN via Enum8('log' = 1, 'cpi' = 2, 'instruction' = 3)
