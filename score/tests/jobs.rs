//! The rules of one job, case by case: each case that docs/reputation.md decides has its test here.

use hypernode_score::{
    BadKind, Event, FeeAccounts, Key, NONE, NoBad, NoGood, Verdict, What,
    constants::{DAY, UNIT},
    judge,
};

const REQUESTER: Key = [1; 32];
const OWNER: Key = [2; 32];
const NODE: Key = [3; 32];
const OTHER: Key = [4; 32];
const OTHER_NODE: Key = [5; 32];
const TREASURY: Key = [6; 32];
const INCENTIVE: Key = [7; 32];

const NETWORK: FeeAccounts = FeeAccounts {
    first_slot: 10,
    last_slot: 999,
    treasury: TREASURY,
    incentive: INCENTIVE,
};

/// One HYPER: its fee is a unit and a half.
const PRICE: u64 = 1_000_000;
const CREATED: What = What::Created {
    requester: REQUESTER,
    price: PRICE,
};
/// Signed by the node's owner.
const TAKEN: What = assigned(NODE, OWNER, OWNER);
/// Signed by anyone else.
const GIVEN: What = assigned(NODE, OWNER, OTHER);
const DONE: What = What::Completed { operator: OWNER };
const PAID: What = paid(TREASURY, INCENTIVE, 30_000, 20_000);

const fn assigned(node: Key, operator: Key, authority: Key) -> What {
    What::Assigned {
        node,
        operator,
        authority,
    }
}

const fn paid(treasury: Key, incentive: Key, treasury_amount: u64, incentive_amount: u64) -> What {
    What::Settled {
        treasury,
        incentive,
        treasury_amount,
        incentive_amount,
    }
}

/// The verdict on events at (time, slot 100), as of time `now`.
fn at(now: i64, history: &[(i64, What)]) -> Verdict {
    let events: Vec<Event> = history
        .iter()
        .map(|(time, what)| Event {
            slot: 100,
            time: *time,
            what: *what,
        })
        .collect();
    judge(&events, &[NETWORK], now)
}

/// Node, day and units of the good evidence.
fn good(history: &[(i64, What)]) -> Result<(Key, i64, u64), NoGood> {
    at(0, history).good.map(|e| (e.node, e.day, e.units))
}

/// Kind, node, day and units of the bad evidence, ten days later.
fn bad(history: &[(i64, What)]) -> Result<(BadKind, Key, i64, u64), NoBad> {
    let verdict = at(10 * DAY, history);
    verdict.bad.map(|(kind, e)| (kind, e.node, e.day, e.units))
}

const EXPIRED: Result<(BadKind, Key, i64, u64), NoBad> =
    Ok((BadKind::Expired, NODE, 1, UNIT * 3 / 2));

#[test]
fn a_completed_and_paid_job_is_good_on_the_day_of_its_payment() {
    let history = [(0, CREATED), (1, TAKEN), (2, DONE), (DAY + 5, PAID)];
    assert_eq!(good(&history), Ok((NODE, 1, UNIT / 2)));
    assert_eq!(bad(&history), Err(NoBad::Completed));
    // The owner's signature under the result is consent enough.
    let given = [(0, CREATED), (1, GIVEN), (2, DONE), (3, PAID)];
    assert_eq!(good(&given), Ok((NODE, 0, UNIT / 2)));
}

#[test]
fn what_was_not_done_or_not_paid_is_not_good() {
    assert_eq!(good(&[]), Err(NoGood::NotCreated));
    assert_eq!(
        good(&[(0, TAKEN), (1, DONE), (2, PAID)]),
        Err(NoGood::NotCreated)
    );
    assert_eq!(good(&[(0, CREATED), (1, TAKEN)]), Err(NoGood::NotCompleted));
    assert_eq!(
        good(&[(0, CREATED), (1, DONE), (2, PAID)]),
        Err(NoGood::NotAssigned)
    );
    assert_eq!(
        good(&[(0, CREATED), (1, TAKEN), (2, DONE)]),
        Err(NoGood::NotSettled)
    );
    // Settled before completed.
    assert_eq!(
        good(&[(0, CREATED), (1, TAKEN), (2, PAID), (3, DONE)]),
        Err(NoGood::NotSettled)
    );
}

#[test]
fn somebody_elses_result_is_nobodys() {
    let other = What::Completed { operator: OTHER };
    let history = [(0, CREATED), (1, TAKEN), (2, other), (3, DONE), (4, PAID)];
    assert_eq!(good(&history), Err(NoGood::CompletedByOther));
    // The node could not do it any more, so it is not bad either.
    assert_eq!(bad(&history), Err(NoBad::Completed));
    let nobody = [
        (0, CREATED),
        (1, assigned(NODE, NONE, NONE)),
        (2, What::Completed { operator: NONE }),
        (3, PAID),
    ];
    assert_eq!(good(&nobody), Err(NoGood::CompletedByOther));
    assert_eq!(bad(&nobody), Err(NoBad::NoConsent));
}

#[test]
fn only_the_networks_accounts_prove_a_payment() {
    let with = |what, slot| {
        let event = |slot, what| Event {
            slot,
            time: 0,
            what,
        };
        let history = [
            event(1, CREATED),
            event(2, TAKEN),
            event(3, DONE),
            event(slot, what),
        ];
        judge(&history, &[NETWORK], 0).good.map(|e| e.units)
    };
    let to = |treasury, incentive| paid(treasury, incentive, 100_000, 0);
    assert_eq!(with(to(TREASURY, INCENTIVE), 10), Ok(UNIT));
    assert_eq!(with(to(TREASURY, INCENTIVE), 999), Ok(UNIT));
    for (what, slot) in [
        (to(TREASURY, INCENTIVE), 9),
        (to(TREASURY, INCENTIVE), 1000),
        (to(INCENTIVE, TREASURY), 100),
        (to(TREASURY, OTHER), 100),
        (to(OTHER, INCENTIVE), 100),
        (to(NONE, NONE), 100),
    ] {
        assert_eq!(with(what, slot), Err(NoGood::OtherAccounts));
    }
    // An account that was not configured is not the absent key.
    for (treasury, incentive) in [(NONE, NONE), (TREASURY, NONE), (NONE, INCENTIVE)] {
        let unset = FeeAccounts {
            treasury,
            incentive,
            ..NETWORK
        };
        assert!(!unset.received(100, &treasury, &incentive));
    }
}

#[test]
fn the_first_payment_to_the_network_counts_and_no_other() {
    let elsewhere = paid(OTHER, OTHER, 100_000, 100_000);
    let more = paid(TREASURY, INCENTIVE, 100_000, 100_000);
    let done = [(0, CREATED), (1, TAKEN), (2, DONE)];
    let with = |then: &[(i64, What)]| good(&[&done, then].concat());
    assert_eq!(
        with(&[(3, elsewhere), (4, PAID), (5, more)]),
        Ok((NODE, 0, UNIT / 2))
    );
    let nothing = paid(TREASURY, INCENTIVE, 0, 0);
    assert_eq!(with(&[(3, nothing), (4, PAID)]), Err(NoGood::NoFee));
    let most = paid(TREASURY, INCENTIVE, u64::MAX, u64::MAX);
    assert_eq!(with(&[(3, most)]), Ok((NODE, 0, UNIT)));
}

#[test]
fn a_requesters_own_node_and_an_unknown_node_get_nothing() {
    let own = assigned(NODE, REQUESTER, REQUESTER);
    let done = What::Completed {
        operator: REQUESTER,
    };
    let history = [(0, CREATED), (1, own), (2, done), (3, PAID)];
    assert_eq!(good(&history), Err(NoGood::SelfDealing));
    assert_eq!(bad(&history[..2]), Err(NoBad::SelfDealing));
    let nowhere = assigned(NONE, OWNER, OWNER);
    let history = [(0, CREATED), (1, nowhere), (2, DONE), (3, PAID)];
    assert_eq!(good(&history), Err(NoGood::NoNode));
    assert_eq!(bad(&history[..2]), Err(NoBad::NoNode));
}

#[test]
fn a_job_that_nobody_ends_expires_after_a_day_of_block_time() {
    let history = [(5, CREATED), (7, TAKEN)];
    assert_eq!(at(DAY + 6, &history).bad, Err(NoBad::Pending));
    let verdict = at(DAY + 7, &history);
    assert!(
        matches!(verdict.bad, Ok((BadKind::Expired, e)) if e.day == 1 && e.requester == REQUESTER)
    );
    assert_eq!(bad(&history), EXPIRED);
    // At the deadline itself it is too late; a second before it is not.
    for (end, nothing) in [
        (DONE, NoBad::Completed),
        (What::Cancelled, NoBad::Cancelled),
        (assigned(OTHER_NODE, OTHER, OWNER), NoBad::NoConsent),
    ] {
        assert_eq!(bad(&[(5, CREATED), (7, TAKEN), (DAY + 7, end)]), EXPIRED);
        assert_eq!(
            bad(&[(5, CREATED), (7, TAKEN), (DAY + 6, end)]),
            Err(nothing)
        );
    }
}

#[test]
fn late_and_paid_is_bad_and_good() {
    let history = [(0, CREATED), (1, TAKEN), (2 * DAY, DONE), (2 * DAY, PAID)];
    assert_eq!(good(&history), Ok((NODE, 2, UNIT / 2)));
    assert_eq!(bad(&history), EXPIRED);
}

#[test]
fn nobody_owes_what_they_did_not_sign_for() {
    assert_eq!(bad(&[(0, CREATED)]), Err(NoBad::NotAssigned));
    assert_eq!(bad(&[(0, CREATED), (1, GIVEN)]), Err(NoBad::NoConsent));
    let failed = What::Failed { node: NODE };
    assert_eq!(
        bad(&[(0, CREATED), (1, GIVEN), (2, failed)]),
        Err(NoBad::NoConsent)
    );
}

#[test]
fn a_failure_is_bad_on_its_day_if_the_node_has_the_job() {
    let failed = |node| What::Failed { node };
    let expected = Ok((BadKind::Failed, NODE, 0, UNIT));
    for node in [NODE, NONE] {
        assert_eq!(
            bad(&[(0, CREATED), (1, TAKEN), (2, failed(node))]),
            expected
        );
    }
    // The owner moved the job to another node of its own: the failure there is the duty's.
    let moved = assigned(OTHER_NODE, OWNER, OWNER);
    let history = [
        (0, CREATED),
        (1, TAKEN),
        (2, moved),
        (3, failed(OTHER_NODE)),
    ];
    assert_eq!(bad(&history), expected);
    // Another node's failure says nothing, and does not end the duty.
    let other = [(0, CREATED), (1, TAKEN), (2, failed(OTHER_NODE))];
    assert_eq!(bad(&other), EXPIRED);
    // Failed after it was completed.
    assert_eq!(
        bad(&[(0, CREATED), (1, TAKEN), (2, DONE), (3, failed(NODE))]),
        Err(NoBad::Completed)
    );
    // Failed, then completed and paid: once bad, once good.
    let history = [
        (0, CREATED),
        (1, TAKEN),
        (2, failed(NODE)),
        (3, DONE),
        (4, PAID),
    ];
    assert_eq!(bad(&history), expected);
    assert_eq!(good(&history), Ok((NODE, 0, UNIT / 2)));
}

#[test]
fn cancellation_ends_the_duty_but_not_a_payment() {
    let history = [
        (0, CREATED),
        (1, TAKEN),
        (2, What::Cancelled),
        (3, DONE),
        (4, PAID),
    ];
    assert_eq!(bad(&history), Err(NoBad::Cancelled));
    assert_eq!(good(&history), Ok((NODE, 0, UNIT / 2)));
}

#[test]
fn another_owners_node_takes_the_duty_over() {
    let theirs = assigned(OTHER_NODE, OTHER, OTHER);
    let history = [(0, CREATED), (1, TAKEN), (DAY / 2, theirs)];
    assert_eq!(
        bad(&history),
        Ok((BadKind::Expired, OTHER_NODE, 1, UNIT * 3 / 2))
    );
    let done = What::Completed { operator: OTHER };
    let ended = [history.as_slice(), &[(DAY, done), (DAY, PAID)]].concat();
    assert_eq!(good(&ended), Ok((OTHER_NODE, 1, UNIT / 2)));
    assert_eq!(bad(&ended), Err(NoBad::Completed));
    // The first node's owner cannot complete it any more.
    let first = [history.as_slice(), &[(DAY, DONE), (DAY, PAID)]].concat();
    assert_eq!(good(&first), Err(NoGood::CompletedByOther));
    // Around a cycle: each duty begins anew.
    let cycle = [(0, CREATED), (1, TAKEN), (5, theirs), (9, TAKEN)];
    assert_eq!(at(DAY + 8, &cycle).bad, Err(NoBad::Pending));
    assert_eq!(bad(&cycle), EXPIRED);
    // Who let it expire first is blamed, and nobody else.
    let late = [(0, CREATED), (1, TAKEN), (2 * DAY, theirs)];
    assert_eq!(bad(&late), EXPIRED);
}

#[test]
fn being_assigned_again_gives_no_other_day_and_no_other_node() {
    for again in [
        TAKEN,
        GIVEN,
        assigned(OTHER_NODE, OWNER, OWNER),
        assigned(NONE, OWNER, OTHER),
    ] {
        let history = [(0, CREATED), (1, TAKEN), (DAY / 2, again)];
        assert_eq!(at(DAY, &history).bad, Err(NoBad::Pending));
        assert_eq!(bad(&history), EXPIRED);
    }
    // Who had not signed is on duty from the signature on.
    let signed_later = [(0, CREATED), (1, GIVEN), (DAY, TAKEN)];
    assert_eq!(at(DAY + 5, &signed_later).bad, Err(NoBad::Pending));
    assert_eq!(
        bad(&signed_later),
        Ok((BadKind::Expired, NODE, 2, UNIT * 3 / 2))
    );
}

#[test]
fn the_first_creation_is_the_job() {
    let again = What::Created {
        requester: OWNER,
        price: u64::MAX,
    };
    let history = [(0, CREATED), (1, TAKEN), (2, again), (3, DONE), (4, PAID)];
    assert_eq!(good(&history), Ok((NODE, 0, UNIT / 2)));
    let nobody = What::Created {
        requester: NONE,
        price: 1,
    };
    assert_eq!(
        good(&[(0, nobody), (1, TAKEN), (2, DONE)]),
        Err(NoGood::NotCreated)
    );
    // What came before the creation does not count.
    assert_eq!(
        good(&[(0, TAKEN), (1, CREATED), (2, DONE)]),
        Err(NoGood::NotAssigned)
    );
}

#[test]
fn prices_from_nothing_to_everything() {
    let with = |price| {
        let created = What::Created {
            requester: REQUESTER,
            price,
        };
        bad(&[(0, created), (1, TAKEN)]).map(|(_, _, _, units)| units)
    };
    assert_eq!([with(0), with(9)], [Err(NoBad::NoPrice); 2]);
    assert_eq!(with(10), Ok(15));
    assert_eq!(with(u64::MAX), Ok(UNIT * 3 / 2));
}

#[test]
fn times_before_1970_and_at_the_ends_of_time() {
    let history = [(-DAY - 1, CREATED), (-DAY - 1, TAKEN)];
    assert!(matches!(at(0, &history).bad, Ok((_, e)) if e.day == -1));
    // A clock that goes back: the event is not late, and nothing is seen.
    let back = [(DAY, CREATED), (DAY, TAKEN), (5, DONE), (4, PAID)];
    assert_eq!(good(&back), Ok((NODE, 0, UNIT / 2)));
    assert_eq!(bad(&back), Err(NoBad::Completed));
    let ends = [(i64::MIN, CREATED), (i64::MAX, TAKEN)];
    assert!(matches!(at(i64::MAX, &ends).bad, Ok((BadKind::Expired, _))));
    assert_eq!(at(i64::MIN, &ends).bad, Err(NoBad::Pending));
}

#[test]
fn evidence_names_the_event_that_made_it() {
    let whole = [(0, CREATED), (1, TAKEN), (2, DONE), (3, PAID)];
    assert_eq!(at(9, &whole).good.map(|e| e.cause), Ok(3));
    let late = [(0, CREATED), (1, GIVEN), (2, TAKEN)];
    let verdict = at(10 * DAY, &late);
    assert_eq!(verdict.bad.map(|(_, e)| e.cause), Ok(2));
}
