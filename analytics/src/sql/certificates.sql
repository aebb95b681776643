SELECT c.slot_lo AS `from`, c.slot_hi AS `to`, c.status AS status, c.parent_slot AS parent_slot,
    if(c.status = 'proven', base58Encode(c.parent_blockhash), '') AS parent_blockhash,
    c.last_block_slot AS last_block_slot,
    if(c.status = 'proven', base58Encode(c.last_blockhash), '') AS last_blockhash,
    c.blocks AS blocks, c.skipped AS skipped, c.transactions_executed AS transactions_executed,
    c.transactions_matched AS transactions_matched, c.transactions_failed AS transactions_failed, c.source AS source,
    c.proof AS proof, c.epoch AS epoch, c.seq AS seq, c.reason AS reason,
    formatDateTime(c.at, '%Y-%m-%dT%H:%i:%SZ', 'UTC') AS at
FROM certificates_between(from = {from}, to = {to}) AS c
WHERE c.slot_hi <= {as_of}
ORDER BY c.slot_lo, c.slot_hi
LIMIT {limit}
