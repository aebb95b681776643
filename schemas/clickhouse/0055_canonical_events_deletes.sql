-- Rows that somebody deletes by hand go from the projections, too, instead of being refused.
ALTER TABLE canonical_events MODIFY SETTING lightweight_mutation_projection_mode = 'rebuild'
