//! What one job weighs before decay, and on which day. Units are 1/2^20.

use crate::constants::{DAY, FEE_PERCENT, PHI, UNIT};

/// Units of a job that was completed and paid: `min(UNIT, fee * UNIT div PHI)`, at most one unit.
///
/// `fee` is in raw HYPER; it is wide because two 64-bit amounts may not fit in one.
#[must_use]
pub const fn good(fee: u128) -> u64 {
    // A fee of PHI or more is a whole unit, so the product below stays under 2^37.
    if fee >= PHI as u128 {
        return UNIT;
    }
    fee as u64 * UNIT / PHI
}

/// The fee of a settlement, in raw HYPER: what the treasury and the incentive pool received.
#[must_use]
pub const fn fee(treasury_amount: u64, incentive_amount: u64) -> u128 {
    treasury_amount as u128 + incentive_amount as u128
}

/// Units of a job that its node failed: those of the fee that `price` (raw HYPER) would have paid, at most one unit.
#[must_use]
pub const fn failed(price: u64) -> u64 {
    let price = price as u128;
    good(price * FEE_PERCENT[0] as u128 / 100 + price * FEE_PERCENT[1] as u128 / 100)
}

/// Units of a job that its node let expire: one and a half times those of a failure, `3e div 2`.
#[must_use]
pub const fn expired(price: u64) -> u64 {
    failed(price) * 3 / 2
}

/// The day of a block time in seconds since 1970: floored, so that the seconds before 1970 belong to day -1.
#[must_use]
pub const fn day(time: i64) -> i64 {
    time.div_euclid(DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_the_fee_phi_and_never_more() {
        assert_eq!(
            [0, 1, 50_000, 99_999, 100_000, u128::MAX].map(good),
            [0, 10, 524_288, 1_048_565, UNIT, UNIT]
        );
        assert_eq!(good(fee(u64::MAX, u64::MAX)), UNIT);
    }

    #[test]
    fn each_part_of_the_fee_is_floored_by_itself() {
        // 6 raw pay nothing; 19 pay 1 and 0; 20 pay 2 and 1.
        assert_eq!([0, 6, 10, 19, 20].map(failed), [0, 0, 10, 10, 31]);
        // 666,666 raw pay 66,666 and 33,333: one raw short of a unit.
        assert_eq!(
            [666_666, 666_670, u64::MAX].map(failed),
            [1_048_565, UNIT, UNIT]
        );
        assert_eq!(
            [20, 666_670, u64::MAX].map(expired),
            [46, 1_572_864, 1_572_864]
        );
    }

    #[test]
    fn no_unit_is_cheaper_than_its_fee() {
        for fee in 0..=PHI + 10 {
            assert!(
                u128::from(good(u128::from(fee))) * u128::from(PHI)
                    <= u128::from(fee) * u128::from(UNIT)
            );
        }
    }

    #[test]
    fn days_are_floored() {
        assert_eq!([-86_401, -1, 0, 86_399, 86_400].map(day), [-2, -1, 0, 0, 1]);
        assert_eq!(day(i64::MIN), -106_751_991_167_301);
    }
}
