-- What HNR-1 makes of the payments of slots {from} to {to} of the made-up history: each is good, and worth a whole unit.
INSERT INTO reputation_evidence (node, requester, day, kind, program, job, units, slot, signature)
SELECT whom, who, toInt32(intDiv({start} + intDiv(at * 2, 5), 86400)), 'good', toFixedString('program', 32), id, 1048576, at,
    toFixedString(concat(id, id), 64)
FROM
(
    SELECT
        number AS n,
        toFixedString(concat(sipHash128(n), sipHash128(n, 1)), 32) AS id,
        toFixedString(concat(sipHash128(n % 10000, 2), sipHash128(n % 10000, 3)), 32) AS whom,
        toFixedString(concat(sipHash128(n % 1009 % 1000, 4), sipHash128(n % 1009 % 1000, 5)), 32) AS who,
        toUInt64(1 + intDiv(n, 4) + 60 + n % 3000) AS at
    FROM numbers({first}, {last} - {first})
)
WHERE at BETWEEN {from} AND {to}
