//! Random units and queries over few names, so that they meet: a store must answer each as the model does.

mod accounts;
mod dispatch;
mod nodes;
mod work;

use futures::executor::block_on;
use hypernode_state::accounts::AccountsVersion;
use hypernode_state::{Op, Query, Unit};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::Fixture;
use super::model::Model;

/// One step of a history.
#[derive(Debug, Clone)]
enum Step {
    Apply(Unit),
    Read(Query),
}

/// Times lie close together and go back as often as on.
fn time() -> impl Strategy<Value = i64> {
    0..60_i64
}

fn span() -> impl Strategy<Value = i64> {
    1..30_i64
}

fn limit() -> impl Strategy<Value = u32> {
    prop_oneof![1..4_u32, Just(1_000)]
}

/// One of few names.
fn name(prefix: &'static str, few: u8) -> impl Strategy<Value = String> {
    (0..few).prop_map(move |n| format!("{prefix}{n}"))
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(Vec::new()),
        proptest::collection::vec(any::<u8>(), 1..4)
    ]
}

/// Small numbers, and those at the ends of the range.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![6 => 0..5_u64, 1 => Just(1 << 63), 1 => Just(u64::MAX)]
}

fn op() -> BoxedStrategy<Op> {
    prop_oneof![
        5 => work::task(),
        2 => work::outbox(),
        2 => work::idempotency(),
        1 => work::lease(),
        1 => work::cursor(),
        1 => work::send(),
        5 => accounts::op(),
        1 => dispatch::op(),
        1 => nodes::op(),
    ]
    .boxed()
}

/// What has to do with jobs, closer together.
fn job_op() -> BoxedStrategy<Op> {
    prop_oneof![10 => dispatch::op(), 4 => nodes::op(), 1 => work::outbox()].boxed()
}

fn query() -> BoxedStrategy<Query> {
    prop_oneof![
        work::query(),
        accounts::query(),
        Just(AccountsVersion.into())
    ]
    .boxed()
}

fn job_query() -> BoxedStrategy<Query> {
    prop_oneof![3 => dispatch::query(), 1 => nodes::query()].boxed()
}

fn step(op: fn() -> BoxedStrategy<Op>, query: BoxedStrategy<Query>) -> BoxedStrategy<Step> {
    prop_oneof![
        4 => op().prop_map(|op| Step::Apply([op].into_iter().collect())),
        2 => proptest::collection::vec(op(), 2..6).prop_map(|ops| Step::Apply(ops.into_iter().collect())),
        2 => query.prop_map(Step::Read),
    ]
    .boxed()
}

/// Over all areas.
pub(crate) fn everything(open: fn() -> Fixture) {
    compare(open, &step(op, query()), 120);
}

/// Over those that jobs need.
pub(crate) fn jobs(open: fn() -> Fixture) {
    compare(open, &step(job_op, job_query()), 200);
}

/// Plays histories to new stores and to the model.
fn compare(open: fn() -> Fixture, step: &BoxedStrategy<Step>, longest: usize) {
    let config = Config {
        cases: 48,
        max_shrink_iters: 2_000,
        failure_persistence: None,
        ..Config::default()
    };
    let histories = proptest::collection::vec(step.clone(), 1..longest);
    let result = TestRunner::new(config).run(&histories, |history| {
        let fixture = open();
        let mut model = Model::default();
        for step in history {
            match step {
                Step::Apply(unit) => {
                    let expected = model.apply(&unit);
                    let found =
                        block_on(fixture.store.apply(unit)).map(hypernode_state::Replies::into_vec);
                    prop_assert_eq!(found, expected);
                }
                Step::Read(query) => {
                    let expected = model.read(&query);
                    prop_assert_eq!(block_on(fixture.store.read(query)), expected);
                }
            }
        }
        Ok(())
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
}
