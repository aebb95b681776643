-- What was removed is written again, with the same bytes: no window may take it for a repetition.
ALTER TABLE digest_leaves MODIFY SETTING non_replicated_deduplication_window = 0
