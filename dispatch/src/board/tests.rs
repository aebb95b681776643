//! The board: by hand, and at random.

use std::collections::HashMap;

use hypernode_state::{Address, Digest};
use proptest::prelude::*;

use super::*;
use crate::ids::{JobId, NodeId};
use crate::job::{By, Effect, Fault, Manner, Outcome, Pay, State, Terms};
use crate::matching::{Needs, NodeFacts};

fn board(config: Config) -> Board {
    Board::new(config, DaySecret::new(20_000, [5; 32]))
}

fn submission(number: u128, owner: u8, at: i64) -> Submission {
    Submission {
        id: JobId::uuid(number),
        terms: Terms {
            owner: Address([owner; 32]),
            submitted_at: at,
            max_duration_s: 60,
            max_retries: 3,
            priority: 5,
            pay: Pay::UpTo(1_000),
        },
        needs: Needs::default(),
        content: Digest([number as u8; 32]),
        nonce: Vec::new(),
        waits: false,
        key: None,
    }
}

fn up(number: u128, slots: u16, manner: Manner) -> Input {
    let facts = NodeFacts {
        slots,
        ..NodeFacts::plain(number)
    };
    Input::Up {
        facts: Box::new(facts),
        manner,
    }
}

/// Takes the input, lets free nodes get jobs, and gives the effects.
fn feed(board: &mut Board, input: Input, at: i64) -> Result<Vec<(JobId, Effect)>, Denied> {
    let mut step = Step::default();
    let taken = board.take(input, at, &mut step);
    board.pump(at, &mut step);
    taken.map(|()| step.effects)
}

fn pumped(board: &mut Board, at: i64) -> Vec<(JobId, Effect)> {
    let mut step = Step::default();
    board.tick(at, &mut step);
    board.pump(at, &mut step);
    step.effects
}

fn submit(board: &mut Board, submission: Submission) -> Vec<(JobId, Effect)> {
    let at = submission.terms.submitted_at;
    feed(board, Input::Submit(Box::new(submission)), at).expect("accepted")
}

/// Jobs that are given to somebody by these effects.
fn given(effects: &[(JobId, Effect)]) -> Vec<JobId> {
    let gives = |e: &Effect| matches!(e, Effect::Offer { .. } | Effect::Run { .. });
    effects
        .iter()
        .filter(|(_, e)| gives(e))
        .map(|(job, _)| *job)
        .collect()
}

#[test]
fn a_job_waits_for_a_node_and_goes_to_the_first_that_fits() {
    let mut board = board(Config::default());
    assert!(submit(&mut board, submission(1, 1, 0)).is_empty());
    let effects = feed(&mut board, up(1, 1, Manner::Renewed), 1).expect("up");
    assert_eq!(given(&effects), [JobId::uuid(1)]);
    assert!(
        submit(&mut board, submission(2, 1, 2)).is_empty(),
        "no slot is free"
    );
}

#[test]
fn what_the_chain_says_counts_at_once_and_no_longer_when_it_says_nothing() {
    let mut board = board(Config::default());
    let picky = Submission {
        needs: Needs {
            min_reputation: 900,
            ..Needs::default()
        },
        ..submission(1, 1, 0)
    };
    assert!(submit(&mut board, picky.clone()).is_empty());
    assert!(given(&feed(&mut board, up(1, 2, Manner::Renewed), 1).expect("up")).is_empty());
    let standing = Standing {
        node: NodeId::uuid(1),
        reputation: 950,
        evidence: 40,
        stake: 7,
    };
    board.stand(100, vec![standing], 2);
    let mut step = Step::default();
    board.pump(2, &mut step);
    assert_eq!(given(&step.effects), [JobId::uuid(1)]);
    let receipt = &step.receipts[0];
    let chosen = receipt.candidates[0];
    assert_eq!(receipt.as_of_slot, Some(100));
    assert_eq!((chosen.reputation, chosen.stake), (950, 7));

    // A connection that begins anew does not bring back what its host believes.
    feed(&mut board, up(1, 2, Manner::Renewed), 3).expect("up");
    let of = |board: &Board| {
        board
            .pool()
            .get(NodeId::uuid(1))
            .map(|f| (f.reputation, f.evidence, f.stake))
    };
    assert_eq!(of(&board), Some((950, 40, 7)));
    board.stand(99, Vec::new(), 4);
    assert_eq!(of(&board), Some((950, 40, 7)), "an older slot");
    board.stand(101, Vec::new(), 5);
    assert_eq!(of(&board), Some((Standing::PRIOR, 0, 0)));
    assert_eq!(board.slot(), Some(101));
    let next = Submission {
        id: JobId::uuid(2),
        ..picky
    };
    assert!(submit(&mut board, next).is_empty());
}

#[test]
fn the_least_score_of_the_house_is_for_jobs_that_name_none() {
    let mut board = board(Config {
        min_reputation: 900,
        ..Config::default()
    });
    // A node like most has 800.
    feed(&mut board, up(1, 9, Manner::Renewed), 0).expect("up");
    assert!(submit(&mut board, submission(1, 1, 0)).is_empty());
    let named = Needs {
        min_reputation: 700,
        ..Needs::default()
    };
    let own = Needs {
        owner: Some(Address([1; 32])),
        ..Needs::default()
    };
    for (number, needs) in [(2, named), (3, own)] {
        let wanted = Submission {
            needs,
            ..submission(number, 1, 0)
        };
        assert_eq!(given(&submit(&mut board, wanted)), [JobId::uuid(number)]);
    }
}

#[test]
fn old_programs_are_given_jobs_without_being_asked() {
    let mut board = board(Config::default());
    feed(&mut board, up(1, 1, Manner::Silent), 0).expect("up");
    let effects = submit(&mut board, submission(1, 1, 0));
    assert!(matches!(effects[..], [(_, Effect::Run { fence: 1, .. })]));
    let ended = |fence| Input::Ended {
        node: NodeId::uuid(1),
        job: JobId::uuid(1),
        fence,
        outcome: Outcome::Completed,
    };
    let effects = feed(&mut board, ended(None), 500).expect("completed");
    assert!(matches!(
        effects[..],
        [(_, Effect::Credit { cost: 1_000, .. })]
    ));
    assert_eq!(feed(&mut board, ended(None), 501), Err(Denied::UnknownJob));
}

#[test]
fn what_nothing_fits_holds_nobody_up() {
    let mut board = board(Config::default());
    for n in 0..50 {
        let mut wants = submission(n, 1, 0);
        wants.needs.gpu_model = Some("H100".to_owned());
        wants.terms.priority = 9;
        submit(&mut board, wants);
    }
    feed(&mut board, up(1, 1, Manner::Renewed), 0).expect("up");
    let effects = submit(&mut board, submission(99, 2, 0));
    assert_eq!(given(&effects), [JobId::uuid(99)]);
    let h100 = NodeFacts {
        model: "NVIDIA H100".to_owned(),
        ..NodeFacts::plain(2)
    };
    let up = Input::Up {
        facts: Box::new(h100),
        manner: Manner::Renewed,
    };
    assert_eq!(given(&feed(&mut board, up, 1).expect("up")).len(), 1);
}

#[test]
fn a_job_steps_aside_while_only_its_own_exclusions_are_in_the_way() {
    let mut board = board(Config::default());
    feed(&mut board, up(1, 1, Manner::Renewed), 0).expect("up");
    submit(&mut board, submission(1, 1, 0));
    let (node, job, fence) = (NodeId::uuid(1), JobId::uuid(1), 1);
    let effects = feed(&mut board, Input::Reject { node, job, fence }, 10).expect("rejected");
    assert!(given(&effects).is_empty());
    // The node that declined takes another's job meanwhile.
    let effects = submit(&mut board, submission(2, 2, 20));
    assert_eq!(given(&effects), [JobId::uuid(2)]);
    let (by, running) = (By::Owner, true);
    let job = JobId::uuid(2);
    feed(&mut board, Input::Cancel { job, by, running }, 30).expect("cancelled");
    assert!(given(&pumped(&mut board, 10_009)).is_empty());
    assert_eq!(given(&pumped(&mut board, 10_010)), [JobId::uuid(1)]);
}

#[test]
fn an_owner_runs_no_more_at_a_time_than_it_may() {
    let mut board = board(Config {
        most_running: 2,
        most_open: 4,
        ..Config::default()
    });
    feed(&mut board, up(1, 10, Manner::Silent), 0).expect("up");
    for n in 0..4 {
        submit(&mut board, submission(n, 1, 0));
    }
    assert_eq!(board.held(NodeId::uuid(1)).count(), 2);
    let more = Input::Submit(Box::new(submission(9, 1, 0)));
    assert_eq!(feed(&mut board, more, 0), Err(Denied::TooManyOpen(4)));
    let effects = submit(&mut board, submission(10, 2, 0));
    assert_eq!(given(&effects), [JobId::uuid(10)]);
    let first = board.held(NodeId::uuid(1)).next().expect("one");
    let ended = Input::Ended {
        node: NodeId::uuid(1),
        job: first,
        fence: None,
        outcome: Outcome::Completed,
    };
    let effects = feed(&mut board, ended, 5).expect("completed");
    assert_eq!(given(&effects).len(), 1, "the next one follows");
}

#[test]
fn a_node_that_is_away_keeps_what_it_has_and_gets_nothing_new() {
    let mut board = board(Config::default());
    let node = NodeId::uuid(1);
    feed(&mut board, up(1, 2, Manner::Silent), 0).expect("up");
    submit(&mut board, submission(1, 1, 0));
    feed(&mut board, Input::Away { node }, 1).expect("away");
    assert!(submit(&mut board, submission(2, 1, 2)).is_empty());
    let effects = feed(&mut board, up(1, 2, Manner::Silent), 3).expect("back");
    assert_eq!(given(&effects), [JobId::uuid(2)]);
    let effects = feed(&mut board, Input::Down { node }, 4).expect("down");
    let missed = |e: &&(JobId, Effect)| {
        matches!(
            e.1,
            Effect::Missed {
                fault: Fault::Lost,
                ..
            }
        )
    };
    assert_eq!(effects.iter().filter(missed).count(), 2);
    assert_eq!(board.pool().len(), 0);
}

#[derive(Clone, Debug)]
enum Act {
    Submit {
        owner: u8,
        priority: u8,
        vram: u32,
    },
    Up {
        node: u128,
        slots: u16,
        silent: bool,
    },
    Away(u128),
    Down(u128),
    /// Whoever holds the nth job answers.
    Answer {
        nth: usize,
        takes: bool,
    },
    End {
        nth: usize,
        outcome: Outcome,
    },
    Cancel {
        nth: usize,
    },
    Pass(i64),
    Restart,
}

fn act() -> impl Strategy<Value = Act> {
    let node = || 1_u128..6;
    let outcome = prop::sample::select(vec![
        Outcome::Completed,
        Outcome::Failed(Fault::Node),
        Outcome::Failed(Fault::Job),
        Outcome::Failed(Fault::Passing),
    ]);
    prop_oneof![
        8 => (0_u8..3, 0_u8..10, prop::sample::select(vec![0, 24_576, 48_000]))
            .prop_map(|(owner, priority, vram)| Act::Submit { owner, priority, vram }),
        4 => (node(), 1_u16..4, any::<bool>())
            .prop_map(|(node, slots, silent)| Act::Up { node, slots, silent }),
        1 => node().prop_map(Act::Away),
        1 => node().prop_map(Act::Down),
        6 => (any::<usize>(), prop::bool::weighted(0.8))
            .prop_map(|(nth, takes)| Act::Answer { nth, takes }),
        6 => (any::<usize>(), outcome).prop_map(|(nth, outcome)| Act::End { nth, outcome }),
        1 => any::<usize>().prop_map(|nth| Act::Cancel { nth }),
        4 => (0_i64..40_000).prop_map(Act::Pass),
        1 => Just(Act::Restart),
    ]
}

/// The jobs that somebody is asked about or runs, in a fixed order.
fn held(board: &Board) -> Vec<(JobId, NodeId, u32, State)> {
    let mut held: Vec<_> = board
        .jobs()
        .filter_map(|r| Some((r.job.id, r.job.holder()?, r.job.fence, r.job.state)))
        .collect();
    held.sort_unstable_by_key(|h| h.0);
    held
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(800))]

    // I-46.
    /// What the board believes of nodes and owners follows from its jobs, no node has more than its slots, and
    /// nothing waits that a free node fits.
    #[test]
    fn the_board_is_one_with_its_jobs(acts in prop::collection::vec(act(), 1..80)) {
        let config = Config { most_running: 4, ..Config::default() };
        let mut board = board(config);
        let mut kept: HashMap<JobId, Record> = HashMap::new();
        let (mut at, mut number) = (1_000_000, 0);
        for act in acts {
            let mut step = Step::default();
            let nth = |list: &Vec<(JobId, NodeId, u32, State)>, n: usize| {
                (!list.is_empty()).then(|| list[n % list.len()])
            };
            let input = match act {
                Act::Submit { owner, priority, vram } => {
                    number += 1;
                    let mut new = submission(number, owner, at);
                    new.terms.priority = priority;
                    new.needs.min_vram_mb = vram;
                    Some(Input::Submit(Box::new(new)))
                }
                Act::Up { node, slots, silent } => {
                    Some(up(node, slots, if silent { Manner::Silent } else { Manner::Renewed }))
                }
                Act::Away(node) => Some(Input::Away { node: NodeId::uuid(node) }),
                Act::Down(node) => Some(Input::Down { node: NodeId::uuid(node) }),
                Act::Answer { nth: n, takes } => nth(&held(&board), n).map(|(job, node, fence, _)| match takes {
                    true => Input::Accept { node, job, fence },
                    false => Input::Reject { node, job, fence },
                }),
                Act::End { nth: n, outcome } => nth(&held(&board), n)
                    .map(|(job, node, fence, _)| Input::Ended { node, job, fence: Some(fence), outcome }),
                Act::Cancel { nth: n } => {
                    let mut jobs: Vec<_> = board.jobs().map(|r| r.job.id).collect();
                    jobs.sort_unstable();
                    (!jobs.is_empty()).then(|| Input::Cancel { job: jobs[n % jobs.len()], by: By::Owner, running: true })
                }
                Act::Pass(ms) => {
                    at += ms;
                    board.tick(at, &mut step);
                    None
                }
                Act::Restart => {
                    let secret = DaySecret::new(20_000, [5; 32]);
                    board = Board::restore(config, secret, kept.values().cloned(), at);
                    None
                }
            };
            if let Some(input) = input {
                let _ = board.take(input, at, &mut step);
            }
            board.pump(at, &mut step);
            for record in step.records() {
                kept.insert(record.job.id, record.clone());
            }

            // What was kept is what is open.
            let open: HashMap<_, _> = board.jobs().map(|r| (r.job.id, r.clone())).collect();
            let open_kept: HashMap<_, _> = kept.iter()
                .filter(|(_, r)| !r.job.is_over()).map(|(id, r)| (*id, r.clone())).collect();
            prop_assert_eq!(&open, &open_kept);
            let mut running: HashMap<Address, u32> = HashMap::new();
            let mut by_node: HashMap<NodeId, u16> = HashMap::new();
            for (job, node, ..) in held(&board) {
                *running.entry(open[&job].job.terms.owner).or_default() += 1;
                *by_node.entry(node).or_default() += 1;
            }
            for (owner, running) in &running {
                prop_assert!(*running <= 4, "{owner} runs {running}");
            }
            for node in (1..6).map(NodeId::uuid) {
                let count = by_node.get(&node).copied().unwrap_or(0);
                prop_assert_eq!(board.held(node).count(), usize::from(count));
                if let Some(facts) = board.pool().get(node) {
                    prop_assert_eq!(facts.running, count);
                }
            }
            for owner in 0..3 {
                let owner = Address([owner; 32]);
                let open = open.values().filter(|r| r.job.terms.owner == owner);
                let reserved: u128 = open.map(|r| u128::from(r.job.reserved())).sum();
                prop_assert_eq!(board.reserved(owner), reserved);
            }
            // Nothing waits that a free node fits.
            for record in open.values() {
                let State::Queued { not_before } = record.job.state else { continue };
                let owner = running.get(&record.job.terms.owner).copied().unwrap_or(0);
                if not_before > at || owner >= 4 {
                    continue;
                }
                let want = board.pool().want(&record.spec.needs);
                for node in (1..6).map(NodeId::uuid) {
                    let fits = board.pool().fits(&want, node) && !record.job.excludes(node, at);
                    prop_assert!(!fits, "{} waits, {node} is free", record.job.id);
                }
            }
            // Nothing is forgotten: whatever is open has a time.
            prop_assert!(open.is_empty() || board.next_tick().is_some());
        }
    }
}
