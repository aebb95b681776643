// HNR-1 in the browser: a node's evidence to its score, by docs/reputation.md and nothing else.
// It shares no code with the server, so that a page checks what it shows. Types here only annotate: without them this
// is JavaScript.
/** The version of the definition. */
export const VERSION = 1;
/** One unit of evidence. */
export const UNIT = 1n << 20n;
/** The fee that makes one unit, in raw HYPER. */
export const PHI = 100000n;
/** The most that one requester adds, for good and for bad each. */
export const CAP = 8n * UNIT;
const HALF_LIFE = 30n;
const OLDEST = 360n;
const WEIGHT_BITS = 32n;
/** The largest x in low..high-1 that `fits`, which holds for `low` and, once it fails, for nothing above. */
const largest = (low, high, fits) => {
    while (high - low > 1n) {
        const middle = (low + high) / 2n;
        if (fits(middle))
            low = middle;
        else
            high = middle;
    }
    return low;
};
// The base table is computed, not copied: floor(2^32 * 2^(-r/30)) is the integer 30th root of 2^(960-r).
const BASE = Array.from({ length: Number(HALF_LIFE) }, (_, r) => {
    const power = 1n << (WEIGHT_BITS * HALF_LIFE - BigInt(r));
    return largest(0n, (1n << WEIGHT_BITS) + 1n, (x) => x ** HALF_LIFE <= power);
});
/** What evidence weighs at this age in days, in 1/2^32. */
export const weight = (age) => age < 0n || age > OLDEST ? 0n : BASE[Number(age % HALF_LIFE)] >> (age / HALF_LIFE);
const least = (a, b) => (a < b ? a : b);
/** The sums of one node's evidence at the day of the score's block; entries in any order, each job's once. */
export const sums = (entries, today) => {
    const requesters = new Map();
    for (const { requester, day, good, bad } of entries) {
        const by = weight(BigInt(today) - BigInt(day));
        const sum = requesters.get(requester) ?? { good: 0n, bad: 0n };
        requesters.set(requester, { good: sum.good + good * by, bad: sum.bad + bad * by });
    }
    const totals = { good: 0n, bad: 0n };
    for (const sum of requesters.values()) {
        totals.good += least(CAP, sum.good >> WEIGHT_BITS);
        totals.bad += least(CAP, sum.bad >> WEIGHT_BITS);
    }
    return totals;
};
/** The integer square root, by Newton's method from above. */
const isqrt = (x) => {
    if (x < 2n)
        return x;
    let root = 1n << BigInt((x.toString(2).length + 1) >> 1);
    for (;;) {
        const next = (root + x / root) / 2n;
        if (next >= root)
            return root;
        root = next;
    }
};
/** The score of these sums. */
export const score = ({ good, bad }) => {
    const a = good + 2n * UNIT;
    const c = bad + UNIT;
    const n = a + c;
    const spread = 12816n * isqrt((UNIT * a * c) / (n + UNIT));
    const mean = 10000n * a;
    const ten = 10n * n;
    return {
        value: mean < spread ? 0 : Number((mean - spread) / ten),
        mean: Number(mean / ten),
        upper: Number(least(1000n, (mean + spread + ten - 1n) / ten)),
    };
};
/** Units of a completed and paid job. */
export const goodUnits = (fee) => least(UNIT, (fee * UNIT) / PHI);
/** Units of a failed job. */
export const failedUnits = (price) => goodUnits((price * 10n) / 100n + (price * 5n) / 100n);
/** Units of an expired job. */
export const expiredUnits = (price) => (failedUnits(price) * 3n) / 2n;
/** What it costs a new node to reach a score with perfect jobs of today; null above 999, which none reaches. */
export const forge = (target) => {
    if (target > 999)
        return null;
    const reached = (units) => score({ good: units * UNIT, bad: 0n }).value >= target;
    // One more than the most units that do not reach it.
    const units = reached(0n) ? 0n : largest(0n, 4096n, (x) => !reached(x)) + 1n;
    return { units, rawHyper: units * PHI, requesters: (units * UNIT + CAP - 1n) / CAP };
};
