-- Payments for people: payment_facts at the served slot, addresses as base58 text, '' where there is none.
CREATE VIEW IF NOT EXISTS payments AS
SELECT
    if(job = toFixedString('', 32), '', base58Encode(job)) AS job_id,
    label,
    operator_amount,
    treasury_amount,
    incentive_amount,
    paid,
    if(treasury_account = toFixedString('', 32), '', base58Encode(treasury_account)) AS treasury_account,
    if(incentive_account = toFixedString('', 32), '', base58Encode(incentive_account)) AS incentive_account,
    slot,
    paid_time,
    base58Encode(signature) AS signature
FROM payment_facts(as_of = (SELECT max(slot_hi) FROM ingest_ledger))
