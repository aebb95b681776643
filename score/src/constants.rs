//! The numbers of HNR-1. Changing one is another version, never a correction.

/// The version of the definition that this crate computes.
pub const VERSION: u32 = 1;

/// One unit of evidence: 2^20, so that units are integers with twenty binary places.
pub const UNIT: u64 = 1 << 20;

/// The network's fee that makes one unit, in raw HYPER (6 decimals: 0.1 HYPER).
pub const PHI: u64 = 100_000;

/// The most that one requester adds to a node, for good and for bad each: 8 units, after decay.
pub const CAP: u64 = 8 * UNIT;

/// Good evidence that every node starts with: 2 units.
pub const PRIOR_GOOD: u64 = 2 * UNIT;

/// Bad evidence that every node starts with: 1 unit.
pub const PRIOR_BAD: u64 = UNIT;

/// The score without any evidence.
pub const PRIOR: u16 = 364;

/// No score is higher: 1000 would need evidence without end.
pub const HIGHEST: u16 = 999;

/// The 90 % quantile of the normal distribution, times 10,000.
pub const QUANTILE: u64 = 12_816;

/// Seconds of a day.
pub const DAY: i64 = 86_400;

/// Seconds of block time within which an assigned job is to be completed or cancelled.
pub const EXPIRY: i64 = 86_400;

/// Days after which evidence weighs half.
pub const HALF_LIFE: u64 = 30;

/// The age in days of the oldest evidence that counts.
pub const OLDEST: u64 = 360;

/// Parts of a job's price that go to the treasury and to the incentive pool, in percent: each is floored by itself.
pub const FEE_PERCENT: [u64; 2] = [10, 5];
