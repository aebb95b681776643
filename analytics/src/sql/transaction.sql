-- One kept transaction by signature, up to one slot.
SELECT
    slot,
    tx_index,
    toUnixTimestamp(block_time) AS block_time,
    success,
    hex(err) AS error_hex,
    fee,
    compute_units,
    base58Encode(signer) AS fee_payer,
    logs_missing OR log_truncated OR log_mismatch AS logs_doubtful
FROM transactions
WHERE slot <= {as_of} AND signature = unhex('{signature}')
ORDER BY slot
LIMIT 1
