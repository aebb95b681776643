//! What a completed job costs, and who gets it. Raw HYPER throughout.

use serde::{Deserialize, Serialize};

/// Who pays what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pay {
    /// Nothing, whatever it takes: a budget of 0, and our own test jobs.
    Nothing,
    /// By time at the node's ask, up to this budget.
    UpTo(u64),
    /// The price that stands on chain; the chain pays.
    OnChain(u64),
}

impl Pay {
    /// What is set aside while the job is open.
    pub fn reserved(self) -> u64 {
        match self {
            Self::UpTo(budget) => budget,
            Self::Nothing | Self::OnChain(_) => 0,
        }
    }
}

/// The cost of a run of `ran_ms` at `ask` per second: each second begun counts whole.
pub fn cost(pay: Pay, ask: u64, ran_ms: u64) -> u64 {
    match pay {
        Pay::Nothing => 0,
        Pay::UpTo(budget) => ask.saturating_mul(ran_ms.div_ceil(1000)).min(budget),
        Pay::OnChain(price) => price,
    }
}

/// A cost in its four parts; they add up to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    /// 80 %, to the node.
    pub operator: u64,
    /// 10 % and what rounding leaves.
    pub treasury: u64,
    /// 5 %.
    pub incentive: u64,
    /// 5 %.
    pub orchestrator: u64,
}

impl Split {
    /// The parts of `cost`.
    pub fn of(cost: u64) -> Self {
        // By hundredths first: no product can overflow, and the floor is exact.
        let (hundreds, rest) = (cost / 100, cost % 100);
        let part = |percent: u64| hundreds * percent + rest * percent / 100;
        let (operator, incentive, orchestrator) = (part(80), part(5), part(5));
        Self {
            operator,
            treasury: cost - operator - incentive - orchestrator,
            incentive,
            orchestrator,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_parts_add_up(amount: u64) {
            let split = Split::of(amount);
            let floor = |percent: u128| (u128::from(amount) * percent / 100) as u64;
            prop_assert_eq!(split.operator, floor(80));
            prop_assert_eq!(split.incentive, floor(5));
            prop_assert_eq!(split.orchestrator, floor(5));
            let sum = split.operator + split.treasury + split.incentive + split.orchestrator;
            prop_assert_eq!(sum, amount);
            prop_assert!(split.treasury >= floor(10) && split.treasury <= floor(10) + 3);
        }

        #[test]
        fn nobody_pays_more_than_the_budget(budget: u64, ask: u64, ran: u64) {
            let paid = cost(Pay::UpTo(budget), ask, ran);
            prop_assert!(paid <= budget);
            prop_assert!(u128::from(paid) <= u128::from(ask) * u128::from(ran.div_ceil(1000)));
        }
    }

    #[test]
    fn seconds_begun_count_whole() {
        assert_eq!(cost(Pay::UpTo(1_000_000), 10_000, 0), 0);
        assert_eq!(cost(Pay::UpTo(1_000_000), 10_000, 1), 10_000);
        assert_eq!(cost(Pay::UpTo(1_000_000), 10_000, 5_000), 50_000);
        assert_eq!(cost(Pay::UpTo(1_000_000), 10_000, 5_001), 60_000);
        assert_eq!(cost(Pay::UpTo(55_000), 10_000, 60_000), 55_000);
        assert_eq!(cost(Pay::Nothing, 10_000, 60_000), 0);
        assert_eq!(cost(Pay::OnChain(7), 10_000, 60_000), 7);
    }
}
