//! Budgets.

use std::sync::Arc;

use futures::future::join_all;
use hypernode_state::budgets::{
    Budget, BudgetRefusal, BudgetReserve, BudgetSettle, GetReservation, Reserved,
};
use hypernode_state::{Refusal, Store, StoreExt};

use super::{address, refused};

fn reserve(job: &str, owner: u8, amount: u64, cap: Option<u64>) -> BudgetReserve {
    BudgetReserve {
        job: job.to_owned(),
        owner: address(owner),
        amount,
        cap,
    }
}

fn settle(job: &str, charged: u64) -> BudgetSettle {
    let job = job.to_owned();
    BudgetSettle { job, charged }
}

fn why(refusal: Refusal) -> BudgetRefusal {
    match refusal {
        Refusal::Budget(why) => why,
        other => panic!("{other:?}"),
    }
}

async fn budget(store: &Arc<dyn Store>, owner: u8) -> Budget {
    let owner = address(owner);
    store.ask(Reserved { owner }).await.unwrap()
}

fn sums(reserved: u64, open: u64, spent: u64) -> Budget {
    Budget {
        reserved,
        open,
        spent,
    }
}

pub(crate) async fn what_is_not_charged_is_free_again(store: Arc<dyn Store>) {
    let after = store.run(reserve("a", 1, 100, None)).await.unwrap();
    assert_eq!(after, sums(100, 1, 0));
    store.run(reserve("b", 1, 50, None)).await.unwrap();
    store.run(reserve("c", 2, 7, None)).await.unwrap();
    let settled = store.run(settle("a", 30)).await.unwrap();
    assert_eq!((settled.owner, settled.released), (address(1), 70));
    assert_eq!(settled.budget, sums(50, 1, 30));
    store.run(settle("b", 0)).await.unwrap();
    assert_eq!(budget(&store, 1).await, sums(0, 0, 30));
    assert_eq!(budget(&store, 2).await, sums(7, 1, 0));
    assert_eq!(budget(&store, 3).await, Budget::default());
}

pub(crate) async fn a_job_is_settled_once(store: Arc<dyn Store>) {
    let unknown = why(refused(store.run(settle("a", 0)).await));
    assert!(matches!(unknown, BudgetRefusal::Unknown { .. }));
    store.run(reserve("a", 1, 100, None)).await.unwrap();
    let open = why(refused(store.run(reserve("a", 2, 5, None)).await));
    assert!(matches!(open, BudgetRefusal::Open { amount: 100, .. }));
    let more = why(refused(store.run(settle("a", 101)).await));
    assert!(matches!(more, BudgetRefusal::Exceeds { amount: 100, .. }));
    let at_once = join_all((0..20).map(|_| store.run(settle("a", 100)))).await;
    let (done, refusals): (Vec<_>, Vec<_>) = at_once.into_iter().partition(Result::is_ok);
    assert_eq!(done.len(), 1);
    for result in refusals {
        let why = why(refused(result));
        assert!(matches!(why, BudgetRefusal::Settled { charged: 100, .. }));
    }
    assert_eq!(budget(&store, 1).await, sums(0, 0, 100));
    // A job that is opened again sets aside anew.
    store.run(reserve("a", 1, 9, None)).await.unwrap();
    assert_eq!(budget(&store, 1).await, sums(9, 1, 100));
    let job = "a".to_owned();
    let kept = store.ask(GetReservation { job }).await.unwrap().unwrap();
    assert_eq!((kept.amount, kept.charged), (9, None));
}

pub(crate) async fn reserving_at_once_stays_within_the_cap(store: Arc<dyn Store>) {
    let cap = Some(100);
    let jobs: Vec<String> = (0..60).map(|n| n.to_string()).collect();
    let at_once = jobs.iter().map(|job| store.run(reserve(job, 1, 9, cap)));
    let done = join_all(at_once).await;
    let refusals: Vec<_> = done.into_iter().filter(Result::is_err).collect();
    assert_eq!(refusals.len(), 60 - 11);
    for result in refusals {
        let expected = BudgetRefusal::CapExceeded {
            owner: address(1),
            reserved: 99,
            cap: 100,
            amount: 9,
        };
        assert_eq!(why(refused(result)), expected);
    }
    let mut open = 0;
    for job in jobs {
        let reservation = store.ask(GetReservation { job }).await.unwrap();
        open += reservation.map_or(0, |reservation| reservation.amount);
    }
    assert_eq!(budget(&store, 1).await, sums(open, 11, 0));
}

pub(crate) async fn budgets_use_the_whole_range(store: Arc<dyn Store>) {
    store.run(reserve("a", 1, u64::MAX, None)).await.unwrap();
    let full = why(refused(store.run(reserve("b", 1, 1, None)).await));
    assert!(matches!(
        full,
        BudgetRefusal::CapExceeded { cap: u64::MAX, .. }
    ));
    store.run(settle("a", u64::MAX)).await.unwrap();
    store.run(reserve("b", 1, 1, None)).await.unwrap();
    let much = why(refused(store.run(settle("b", 1)).await));
    assert!(matches!(
        much,
        BudgetRefusal::TooMuch {
            spent: u64::MAX,
            ..
        }
    ));
    store.run(settle("b", 0)).await.unwrap();
    assert_eq!(budget(&store, 1).await, sums(0, 0, u64::MAX));
}
