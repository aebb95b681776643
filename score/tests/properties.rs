//! Any evidence in any order: the same score, in range, moved only by what it should be moved by.

use hypernode_score::{
    Entry, Event, FeeAccounts, Score, Sums, Totals, What,
    constants::{CAP, DAY, HIGHEST, UNIT},
    judge, score,
};
use proptest::prelude::*;

const TODAY: i64 = 20_000;

/// Units of every magnitude.
fn units() -> impl Strategy<Value = u64> {
    (any::<u64>(), 0..=64_u32).prop_map(|(bits, shift)| bits.checked_shr(shift).unwrap_or(0))
}

fn entry() -> impl Strategy<Value = Entry> {
    let day = prop_oneof![4 => TODAY - 370..TODAY + 3, 1 => any::<i64>()];
    // Few requesters, so that they meet.
    (0..5_u8, day, units(), units()).prop_map(|(requester, day, good, bad)| Entry {
        requester: [requester; 32],
        day,
        good,
        bad,
    })
}

fn of<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Totals {
    let mut sums = Sums::new(TODAY);
    sums.extend(entries);
    sums.totals()
}

fn value(good: u64, bad: u64) -> u16 {
    score(Totals { good, bad }).value
}

/// Few values, so that events of one job agree or differ by chance.
fn key() -> impl Strategy<Value = [u8; 32]> {
    (0..4_u8).prop_map(|byte| [byte; 32])
}

fn event() -> impl Strategy<Value = Event> {
    let what = prop_oneof![
        (key(), units()).prop_map(|(requester, price)| What::Created { requester, price }),
        (key(), key(), key()).prop_map(|(node, operator, authority)| What::Assigned {
            node,
            operator,
            authority
        }),
        key().prop_map(|operator| What::Completed { operator }),
        key().prop_map(|node| What::Failed { node }),
        Just(What::Cancelled),
        (key(), key(), units(), units()).prop_map(|(treasury, incentive, a, b)| What::Settled {
            treasury,
            incentive,
            treasury_amount: a,
            incentive_amount: b
        }),
    ];
    let time = prop_oneof![8 => 0..4 * DAY, 1 => any::<i64>()];
    (any::<u64>(), time, what).prop_map(|(slot, time, what)| Event { slot, time, what })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn order_and_grouping_change_nothing(
        entries in prop::collection::vec(entry(), 0..40),
        shuffled in any::<prop::sample::Index>(),
        split in 0..=64_u32,
    ) {
        let expected = of(&entries);
        let mut other = entries.clone();
        other.reverse();
        if !other.is_empty() {
            let at = shuffled.index(other.len());
            other.rotate_left(at);
        }
        prop_assert_eq!(of(&other), expected);
        // A day told in two parts is the day.
        let parts: Vec<Entry> = entries
            .iter()
            .flat_map(|e| {
                let (good, bad) = (
                    e.good.checked_shr(split).unwrap_or(0),
                    e.bad.checked_shr(64 - split).unwrap_or(0),
                );
                [
                    Entry { good, bad, ..*e },
                    Entry { good: e.good - good, bad: e.bad - bad, ..*e },
                ]
            })
            .collect();
        prop_assert_eq!(of(&parts), expected);
    }

    #[test]
    fn more_evidence_moves_sums_one_way_and_within_caps(
        entries in prop::collection::vec(entry(), 0..20),
        more in entry(),
    ) {
        let before = of(&entries);
        let after = of(entries.iter().chain([&more]));
        prop_assert!(after.good >= before.good && after.bad >= before.bad);
        prop_assert!(after.good - before.good <= CAP && after.bad - before.bad <= CAP);
        prop_assert!(after.good <= 5 * CAP && after.bad <= 5 * CAP);
    }

    #[test]
    fn a_score_is_in_range_and_moves_with_its_evidence(good in units(), bad in units(), more in units()) {
        let Score { value: here, mean, upper, .. } = score(Totals { good, bad });
        prop_assert!(here <= HIGHEST && here <= mean && mean < upper && upper <= 1000);
        // By one point at most against the evidence: R is an integer.
        prop_assert!(value(good.saturating_add(more), bad) + 1 >= here);
        prop_assert!(value(good, bad.saturating_add(more)) <= here + 1);
    }

    #[test]
    fn a_share_of_all_evidence_never_moves_a_score_against_it(
        good in 0..1_u64 << 50,
        bad in 0..1_u64 << 50,
        part in 0..12_u32,
    ) {
        let more = ((good + bad) >> part) + UNIT;
        prop_assert!(value(good + more, bad) >= value(good, bad));
        prop_assert!(value(good, bad + more) <= value(good, bad));
    }

    #[test]
    fn a_verdict_depends_on_the_past_alone(
        history in prop::collection::vec(event(), 0..12),
        now in 0..5 * DAY,
        later in event(),
    ) {
        let own = |treasury| FeeAccounts {
            first_slot: 0,
            last_slot: u64::MAX,
            treasury: [treasury; 32],
            incentive: [2; 32],
        };
        let accounts = [own(1), own(2), own(0)];
        let verdict = judge(&history, &accounts, now);
        prop_assert_eq!(judge(&history, &accounts, now), verdict);
        // What is good or bad stays so, whatever comes later, but for blocks whose time goes back.
        let longer = [history.as_slice(), &[later]].concat();
        let after = judge(&longer, &accounts, now.max(later.time));
        if verdict.good.is_ok() {
            prop_assert_eq!(after.good, verdict.good);
        }
        if verdict.bad.is_ok() && later.time >= now {
            prop_assert_eq!(after.bad, verdict.bad);
        }
        if let Ok(good) = verdict.good {
            prop_assert!((1..=UNIT).contains(&good.units));
            prop_assert!(good.node != [0; 32] && good.requester != [0; 32]);
        }
        if let Ok((_, bad)) = verdict.bad {
            prop_assert!((1..=UNIT * 3 / 2).contains(&bad.units));
            prop_assert!(bad.node != [0; 32] && bad.requester != [0; 32]);
        }
    }
}

#[test]
fn the_last_place_may_move_against_the_evidence() {
    // The documented exception: 1/2^20 of a unit more, one point less.
    assert_eq!([value(63_726, 0), value(63_727, 0)], [375, 374]);
}
