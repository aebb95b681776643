//! Lives of jobs: by hand where a rule has a name, and at random.

use hypernode_state::Address;
use proptest::prelude::*;

use super::*;
use crate::ids::{JobId, NodeId};

fn terms() -> Terms {
    Terms {
        owner: Address([7; 32]),
        submitted_at: 0,
        max_duration_s: 60,
        max_retries: 3,
        priority: 5,
        pay: Pay::UpTo(1_000_000),
    }
}

fn node(number: u128) -> NodeId {
    NodeId::uuid(number)
}

fn job() -> Job {
    Job::queued(JobId::uuid(1), terms())
}

fn run(job: &mut Job, event: Event, at: i64) -> Result<Effects, Refusal> {
    job.apply(&event, at, &Rules::default())
}

/// Gives the job to `n`, who renews.
fn assigned(job: &mut Job, n: u128, at: i64) -> u32 {
    let (node, ask, manner) = (node(n), 10_000, Manner::Renewed);
    run(job, Event::Assign { node, ask, manner }, at).expect("assigned");
    job.fence
}

fn ended(n: u128, fence: u32, outcome: Outcome) -> Event {
    Event::Ended {
        node: node(n),
        fence,
        outcome,
    }
}

#[test]
fn an_offer_is_taken_run_and_paid() {
    let mut job = job();
    let offer = Event::Offer {
        node: node(1),
        ask: 10_000,
        until: 2_000,
    };
    let effects = run(&mut job, offer, 0).expect("offered");
    assert!(matches!(effects[..], [Effect::Offer { fence: 1, .. }]));
    let accept = Event::Accept {
        node: node(1),
        fence: 1,
    };
    let effects = run(&mut job, accept, 10).expect("leased");
    let expected = Effect::Run {
        node: node(1),
        fence: 1,
        until: 45_010,
        deadline: 90_010,
    };
    assert_eq!(effects, [expected]);
    let effects = run(&mut job, ended(1, 1, Outcome::Completed), 5_010).expect("completed");
    let credit = Effect::Credit {
        node: node(1),
        cost: 50_000,
    };
    assert_eq!(effects, [credit]);
    let again = run(&mut job, ended(1, 1, Outcome::Completed), 5_011);
    assert_eq!(again, Err(Refusal::Over));
}

#[test]
fn a_lease_ends_unless_renewed_and_what_comes_after_is_stale() {
    let mut job = job();
    let first = assigned(&mut job, 1, 0);
    let renew = Event::Renew {
        node: node(1),
        fence: first,
    };
    run(&mut job, renew, 44_999).expect("renewed");
    assert_eq!(run(&mut job, Event::Tick, 45_000), Err(Refusal::NotNow));
    // The renewal reaches to 89,999; the deadline is 90,000.
    let effects = run(&mut job, Event::Tick, 89_999).expect("expired");
    assert!(effects.contains(&Effect::Stop {
        node: node(1),
        fence: first
    }));
    let State::Queued { not_before } = job.state else {
        panic!("{:?}", job.state)
    };
    let second = assigned(&mut job, 2, not_before);
    assert_eq!(second, first + 1);
    let late = run(&mut job, ended(1, first, Outcome::Completed), not_before);
    assert_eq!(late, Err(Refusal::Stale { now: second }));
    assert_eq!(run(&mut job, renew, not_before), late);
}

#[test]
fn a_result_after_the_lease_is_late_even_before_the_tick() {
    let mut job = job();
    let fence = assigned(&mut job, 1, 0);
    let kept = job.clone();
    let late = run(&mut job, ended(1, fence, Outcome::Completed), 45_000);
    assert_eq!(late, Err(Refusal::Late));
    assert_eq!(job, kept);
}

#[test]
fn a_silent_host_has_its_whole_run_without_a_word() {
    let mut job = Job::queued(
        JobId::uuid(1),
        Terms {
            max_duration_s: 3_600,
            ..terms()
        },
    );
    let (node, ask, manner) = (node(1), 10_000, Manner::Silent);
    run(&mut job, Event::Assign { node, ask, manner }, 0).expect("assigned");
    assert_eq!(job.due(&Rules::default()), Some(330_000));
    let effects = run(&mut job, ended(1, 1, Outcome::Completed), 329_999).expect("completed");
    assert_eq!(effects.len(), 1);
}

#[test]
fn a_lost_node_does_not_get_the_job_back_at_once() {
    let mut job = job();
    assigned(&mut job, 1, 0);
    run(&mut job, Event::Gone { node: node(1) }, 100).expect("requeued");
    let at = 1_000;
    let (ask, manner) = (1, Manner::Renewed);
    let back = Event::Assign {
        node: node(1),
        ask,
        manner,
    };
    assert_eq!(run(&mut job, back, at), Err(Refusal::Excluded));
    run(&mut job, back, 60_100).expect("after a while");
}

#[test]
fn a_job_that_fails_on_three_nodes_is_poison() {
    let mut job = Job::queued(
        JobId::uuid(1),
        Terms {
            max_retries: 9,
            ..terms()
        },
    );
    let mut at = 0;
    for n in 1..=3 {
        at += 40_000;
        let fence = assigned(&mut job, n, at);
        run(&mut job, ended(n, fence, Outcome::Failed(Fault::Job)), at).expect("failed");
    }
    let cause = Cause::Poison;
    assert_eq!(job.state, State::Dead { cause });
    run(&mut job, Event::Replay, at).expect("replayed");
    assert_eq!(job.reserved(), 1_000_000);
    let fence = assigned(&mut job, 1, at);
    assert_eq!(fence, 4, "fences go on");
}

#[test]
fn attempts_are_counted_and_declined_offers_are_not() {
    let mut job = job();
    let mut at = 0;
    for n in 0..20 {
        at += 40_000;
        let (ask, until) = (1, at + 2_000);
        let offer = Event::Offer {
            node: node(n),
            ask,
            until,
        };
        run(&mut job, offer, at).expect("offered");
        let (node, fence) = (node(n), job.fence);
        run(&mut job, Event::Reject { node, fence }, at).expect("rejected");
    }
    assert_eq!(job.failures, 0);
    for n in 20..24 {
        at += 40_000;
        let fence = assigned(&mut job, n, at);
        run(&mut job, ended(n, fence, Outcome::Failed(Fault::Node)), at).expect("failed");
    }
    let cause = Cause::Attempts(Fault::Node);
    assert_eq!(job.state, State::Dead { cause });
}

#[test]
fn a_permanent_failure_is_the_end() {
    let mut job = job();
    let fence = assigned(&mut job, 1, 0);
    run(
        &mut job,
        ended(1, fence, Outcome::Failed(Fault::Permanent)),
        5,
    )
    .expect("failed");
    let cause = Cause::Permanent;
    assert_eq!(job.state, State::Failed { cause });
}

#[test]
fn a_job_of_the_chain_waits_for_its_input_a_day() {
    let rules = Rules::default();
    let mut job = Job::waiting(JobId::uuid(1), terms(), &rules);
    let (ask, manner) = (1, Manner::Renewed);
    let give = Event::Assign {
        node: node(1),
        ask,
        manner,
    };
    assert_eq!(run(&mut job, give, 0), Err(Refusal::NotNow));
    let mut dead = job.clone();
    run(&mut job, Event::Input, 86_399_999).expect("in time");
    run(&mut dead, Event::Tick, 86_400_000).expect("dead");
    let cause = Cause::NoInput;
    assert_eq!(dead.state, State::Dead { cause });
    assert_eq!(
        run(&mut dead, Event::Replay, 86_400_000),
        Err(Refusal::NotNow)
    );
}

#[test]
fn what_runs_is_cancelled_only_by_whoever_means_it() {
    let mut job = job();
    let fence = assigned(&mut job, 1, 0);
    let (by, running) = (By::Owner, false);
    let refused = run(&mut job, Event::Cancel { by, running }, 1);
    assert_eq!(refused, Err(Refusal::Running));
    let running = true;
    let effects = run(&mut job, Event::Cancel { by, running }, 1).expect("cancelled");
    let node = node(1);
    assert_eq!(effects, [Effect::Stop { node, fence }]);
    let late = run(&mut job, ended(1, fence, Outcome::Completed), 2);
    assert_eq!(late, Err(Refusal::Over));
    assert_eq!(run(&mut job, Event::Replay, 3), Err(Refusal::Over));
}

#[test]
fn an_acceptance_that_is_said_again_changes_nothing_and_is_no_other_nodes() {
    let mut job = job();
    let until = 100;
    let offer = Event::Offer {
        node: node(1),
        ask: 1,
        until,
    };
    run(&mut job, offer, 1).expect("offered");
    let accept = |n, fence| Event::Accept {
        node: node(n),
        fence,
    };
    run(&mut job, accept(1, 1), 2).expect("taken");
    let leased = job.state;
    assert_eq!(run(&mut job, accept(1, 1), 3), Ok(Effects::new()));
    assert_eq!((job.state, job.runs), (leased, 1));
    let now = 1;
    assert_eq!(run(&mut job, accept(2, 1), 4), Err(Refusal::Stale { now }));
    assert_eq!(run(&mut job, accept(1, 2), 4), Err(Refusal::Stale { now }));
}

#[test]
fn what_others_have_on_chain_is_theirs_until_the_chain_says_otherwise() {
    let here = |job: &Job| matches!(job.state, State::Queued { .. });
    let (stands, cost) = (Stands::Assigned, 0);
    let mut offered = job();
    let until = 100;
    let (node, ask) = (node(1), 1);
    run(&mut offered, Event::Offer { node, ask, until }, 1).expect("offered");
    let effects = run(&mut offered, Event::Elsewhere { stands, cost }, 2).expect("theirs");
    assert_eq!(effects, [Effect::Withdraw { node, fence: 1 }]);
    let (stands, cost) = (Stands::Completed, 7);
    run(&mut offered, Event::Elsewhere { stands, cost }, 3).expect("goes on");
    let again = run(&mut offered, Event::Elsewhere { stands, cost }, 4);
    assert_eq!(again, Err(Refusal::NotNow), "nothing new");
    assert!(offered.is_over() && offered.holder().is_none());
    assert_eq!((offered.fence, offered.runs), (1, 0), "nothing ran here");
    let (by, running) = (By::Owner, true);
    let owner = run(&mut offered, Event::Cancel { by, running }, 5);
    assert_eq!(owner, Err(Refusal::Over));
    let mut gone = offered.clone();
    let by = By::Chain;
    run(&mut gone, Event::Cancel { by, running }, 5).expect("taken back");
    run(&mut gone, Event::Elsewhere { stands, cost }, 6).expect("and there again");
    run(&mut gone, Event::Reopen { waits: false }, 7).expect("and open again");
    assert!(here(&gone));
    // What runs here is not taken from whoever runs it.
    let mut leased = job();
    assigned(&mut leased, 1, 0);
    assert_eq!(leased.runs, 1);
    let running = run(&mut leased, Event::Elsewhere { stands, cost }, 1);
    assert_eq!(running, Err(Refusal::Running));
}

#[test]
fn only_what_the_chain_took_back_stands_again() {
    let rules = Rules::default();
    for (by, opens) in [(By::Chain, true), (By::Owner, false), (By::Operator, false)] {
        let mut job = Job::waiting(JobId::uuid(1), terms(), &rules);
        let running = false;
        run(&mut job, Event::Cancel { by, running }, 5).expect("cancelled");
        let again = run(&mut job, Event::Reopen { waits: true }, 6);
        assert_eq!(again.is_ok(), opens, "{by:?}");
    }
    let mut cancelled = job();
    let (by, running) = (By::Chain, false);
    run(&mut cancelled, Event::Cancel { by, running }, 5).expect("cancelled");
    let mut waits = cancelled.clone();
    run(&mut waits, Event::Reopen { waits: true }, 86_399_999).expect("in time");
    // The time for its input is that of its first day.
    let until = 86_400_000;
    assert_eq!(waits.state, State::Waiting { until });
    let late = run(&mut cancelled, Event::Reopen { waits: true }, until);
    assert_eq!(late, Err(Refusal::Late));
    run(&mut cancelled, Event::Reopen { waits: false }, until).expect("queued");
    assert_eq!(cancelled.state, State::Queued { not_before: until });
    let again = run(&mut cancelled, Event::Reopen { waits: false }, until);
    assert_eq!(again, Err(Refusal::NotNow));
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop::sample::select(vec![
        Outcome::Completed,
        Outcome::Failed(Fault::Passing),
        Outcome::Failed(Fault::Node),
        Outcome::Failed(Fault::Job),
        Outcome::Failed(Fault::Permanent),
    ])
}

fn stands() -> impl Strategy<Value = Stands> {
    prop::sample::select(vec![Stands::Assigned, Stands::Completed, Stands::Failed])
}

/// Fences are near those that are out, nodes are few: most events mean something.
fn event() -> impl Strategy<Value = Event> {
    let node = || (1_u128..5).prop_map(NodeId::uuid);
    let fence = || 0_u32..6;
    prop_oneof![
        1 => Just(Event::Input),
        6 => (node(), 0_u64..100_000, 0_i64..200_000)
            .prop_map(|(node, ask, until)| Event::Offer { node, ask, until }),
        4 => (node(), 0_u64..100_000, any::<bool>()).prop_map(|(node, ask, renewed)| {
            let manner = if renewed { Manner::Renewed } else { Manner::Silent };
            Event::Assign { node, ask, manner }
        }),
        6 => (node(), fence()).prop_map(|(node, fence)| Event::Accept { node, fence }),
        2 => (node(), fence()).prop_map(|(node, fence)| Event::Reject { node, fence }),
        3 => (node(), fence()).prop_map(|(node, fence)| Event::Renew { node, fence }),
        2 => node().prop_map(|node| Event::Gone { node }),
        8 => (node(), fence(), outcome())
            .prop_map(|(node, fence, outcome)| Event::Ended { node, fence, outcome }),
        1 => any::<bool>().prop_map(|running| Event::Cancel { by: By::Owner, running }),
        1 => any::<bool>().prop_map(|running| Event::Cancel { by: By::Chain, running }),
        2 => any::<bool>().prop_map(|waits| Event::Reopen { waits }),
        1 => (stands(), 0_u64..5).prop_map(|(stands, cost)| Event::Elsewhere { stands, cost }),
        2 => Just(Event::Replay),
        5 => Just(Event::Tick),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    /// I-43, I-44, I-45: whatever happens in whatever order.
    #[test]
    fn any_life_keeps_the_rules(
        waiting: bool,
        steps in prop::collection::vec((event(), 0_i64..20_000), 0..60),
    ) {
        let rules = Rules::default();
        let mut job = match waiting {
            true => Job::waiting(JobId::uuid(1), terms(), &rules),
            false => job(),
        };
        let (mut at, mut credits) = (0, 0);
        for (event, passed) in steps {
            at += passed;
            let before = job.clone();
            let result = job.apply(&event, at, &rules);
            let Ok(effects) = result else {
                prop_assert_eq!(&job, &before, "a refused event changes nothing");
                continue;
            };
            let given = matches!(event, Event::Offer { .. } | Event::Assign { .. });
            prop_assert_eq!(job.fence, before.fence + u32::from(given));
            if let Event::Ended { node, fence, .. } = event {
                let State::Leased(lease) = before.state else {
                    return Err(TestCaseError::fail("a result without a lease"));
                };
                prop_assert_eq!((node, fence), (lease.node, before.fence));
                prop_assert!(at < lease.until && at < lease.deadline);
            }
            for effect in effects {
                match effect {
                    Effect::Credit { node, cost } => {
                        credits += 1;
                        prop_assert_eq!(Some(node), before.holder());
                        prop_assert!(cost <= 1_000_000);
                    }
                    Effect::Offer { node, fence, .. } | Effect::Run { node, fence, .. } => {
                        prop_assert_eq!((Some(node), fence), (job.holder(), job.fence));
                    }
                    Effect::Stop { node, fence }
                    | Effect::Withdraw { node, fence }
                    | Effect::Missed { node, fence, .. } => {
                        prop_assert_eq!((Some(node), fence), (before.holder(), before.fence));
                        prop_assert_eq!(job.holder(), None);
                    }
                }
            }
            prop_assert!(credits <= 1, "paid twice");
            if let State::Leased(lease) = job.state {
                prop_assert!(lease.until <= lease.deadline);
            }
            let ended = matches!(
                before.state,
                State::Completed { .. } | State::Cancelled { .. } | State::Elsewhere { .. }
            );
            let by_chain = State::Cancelled { by: By::Chain };
            let taken_back = before.state == by_chain || matches!(before.state, State::Elsewhere { .. });
            let says_chain = matches!(
                event,
                Event::Reopen { .. } | Event::Elsewhere { .. } | Event::Cancel { by: By::Chain, .. }
            );
            let again = taken_back && says_chain;
            prop_assert!(job.runs <= job.fence, "no run without a fence");
            prop_assert!(!ended || again, "the end is the end");
            prop_assert!(job.excluded.len() <= 16 && job.failed_on.len() <= 3);
            prop_assert_eq!(job.reserved(), if job.is_over() { 0 } else { 1_000_000 });
        }
        // Left alone, every job ends.
        let mut ticks = 0;
        while let Some(due) = job.due(&rules) {
            job.apply(&Event::Tick, due, &rules).expect("something is due");
            ticks += 1;
            prop_assert!(ticks < 5, "{:?}", job.state);
        }
        prop_assert!(job.is_over());
    }

    #[test]
    fn what_is_kept_is_read_again(steps in prop::collection::vec((event(), 0_i64..20_000), 0..30)) {
        let mut job = job();
        let mut at = 0;
        for (event, passed) in steps {
            at += passed;
            let _ = job.apply(&event, at, &Rules::default());
            let kept = serde_json::to_vec(&job).expect("json");
            prop_assert_eq!(&serde_json::from_slice::<Job>(&kept).expect("a job"), &job);
        }
    }
}
