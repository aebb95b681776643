-- One row per PaymentDistributed up to slot {as_of}: what a settlement really moved, in base units.
-- PaymentProcessed stays out: it names no job and may report the same transfer a second time.
-- `paid` is wide because three 64-bit amounts may not fit in one.
CREATE VIEW IF NOT EXISTS payment_facts AS
SELECT
    job,
    name AS label,
    operator_amount,
    treasury_amount,
    incentive_amount,
    toUInt128(operator_amount) + toUInt128(treasury_amount) + toUInt128(incentive_amount) AS paid,
    treasury AS treasury_account,
    incentive AS incentive_account,
    slot,
    tx_index,
    outer_ix,
    inner_ix,
    ordinal,
    block_time AS paid_time,
    signature
FROM canonical_events
WHERE slot <= {as_of:UInt64} AND kind = 'PaymentDistributed'
