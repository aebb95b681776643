//! Any stream of blocks and forks, told late, twice or with failures, to processes that crash.

use std::collections::BTreeSet;
use std::sync::Arc;

use hypernode_state::StoreExt;
use hypernode_state::cursors::{CursorMove, GetCursor};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::chain::{Chain, Change, Kind};
use crate::support::{Process, check, now, state, store};

const JOBS: u8 = 6;

#[derive(Clone, Debug)]
enum Act {
    Reveal(usize),
    Round,
    Post(u8),
    Crash,
    /// The cursor goes back: everything since is told again.
    Rewind(u64),
    FailIn(usize),
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        6 => Just(Kind::Created),
        1 => Just(Kind::Assigned),
        1 => Just(Kind::Completed),
        1 => Just(Kind::Cancelled),
    ]
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let change = prop_oneof![
        4 => prop::collection::vec((0..JOBS, kind()), 0..3).prop_map(Change::Block),
        1 => (1..4_usize).prop_map(Change::Fork),
    ];
    prop::collection::vec(change, 1..30)
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        4 => (1..6_usize).prop_map(Act::Reveal),
        8 => Just(Act::Round),
        4 => (0..JOBS).prop_map(Act::Post),
        1 => Just(Act::Crash),
        1 => (0..20_u64).prop_map(Act::Rewind),
        1 => (1..5_usize).prop_map(Act::FailIn),
    ];
    prop::collection::vec(act, 0..40)
}

async fn rewind(process: &Process, to: u64) {
    let name = hypernode_dispatch::bridge::CURSOR.to_owned();
    let get = GetCursor { name: name.clone() };
    let Some(cursor) = process.store.ask(get).await.expect("an answer") else {
        return;
    };
    let now_at: u64 = cursor.position.parse().expect("a number");
    let step = CursorMove {
        name,
        from: Some(cursor.position),
        to: to.min(now_at).to_string(),
        at: now(),
    };
    process.store.run(step).await.expect("moved");
}

async fn play(changes: Vec<Change>, acts: Vec<Act>) {
    let folder = tempfile::tempdir().expect("a folder");
    let chain = Arc::new(Chain::new(changes));
    let mut posted = BTreeSet::new();
    let start = |kept| Process::start(kept, chain.clone(), 2);
    let mut process = start(store(folder.path()));
    for act in acts {
        match act {
            Act::Reveal(more) => chain.reveal(more),
            // A round that fails is begun again.
            Act::Round => drop(process.bridge.round().await),
            Act::Post(job) => {
                if process.post(job).await {
                    posted.insert(job);
                }
            }
            Act::Crash => process = start(process.crash().await),
            Act::Rewind(to) => rewind(&process, to).await,
            Act::FailIn(calls) => chain.fail_in(calls),
        }
    }
    chain.fail_in(0);
    chain.reveal(usize::MAX / 2);
    process.catch_up().await;
    check(&process.store, &chain, JOBS, &posted).await;
    process.crash().await;
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

/// I-57.
#[test]
fn jobs_are_as_the_chain_has_them_whatever_happens_on_the_way() {
    let config = Config {
        cases: 60,
        failure_persistence: None,
        max_shrink_iters: 200,
        ..Config::default()
    };
    let result = TestRunner::new(config).run(&(changes(), acts()), |(changes, acts)| {
        runtime().block_on(play(changes, acts));
        Ok(())
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
}

#[tokio::test]
async fn a_fork_that_brings_the_job_again_makes_no_second_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let created = || Change::Block(vec![(0, Kind::Created)]);
    let changes = vec![
        created(),
        Change::Fork(1),
        Change::Block(Vec::new()),
        created(),
    ];
    let chain = Arc::new(Chain::new(changes));
    let mut process = Process::start(store(folder.path()), chain.clone(), 0);
    process.catch_up().await;
    let mut seen = Vec::new();
    for _ in 0..4 {
        chain.reveal(1);
        process.catch_up().await;
        seen.push(
            state(&process.store, 0)
                .await
                .map(|state| hypernode_dispatch::service::code(&state)),
        );
    }
    assert_eq!(seen, [Some(0), Some(6), Some(6), Some(0)]);
    assert!(process.post(0).await);
    assert!(!process.post(0).await, "it came");
    process.crash().await;
}

#[tokio::test]
async fn what_was_there_before_the_first_start_is_taken_only_if_it_is_open() {
    let folder = tempfile::tempdir().expect("a folder");
    let changes = vec![
        Change::Block((0..5).map(|job| (job, Kind::Created)).collect()),
        Change::Block(vec![
            (1, Kind::Assigned),
            (2, Kind::Cancelled),
            (3, Kind::Completed),
        ]),
    ];
    let chain = Arc::new(Chain::new(changes));
    chain.reveal(2);
    let mut process = Process::start(store(folder.path()), chain.clone(), 0);
    process.catch_up().await;
    let mut there = Vec::new();
    for job in 0..JOBS {
        there.push(state(&process.store, job).await.is_some());
    }
    assert_eq!(there, [true, false, false, false, true, false]);
    process.crash().await;
}
