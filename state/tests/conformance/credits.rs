//! Credits.

use std::sync::Arc;

use futures::future::join_all;
use hypernode_state::credits::{
    CreditAdd, CreditRecord, CreditRefusal, Earned, Earner, Earnings, GetCredit, ListCredits,
};
use hypernode_state::{Refusal, Store, StoreError, StoreExt};

use super::{address, refused};

pub(crate) fn credit(job: &str) -> CreditAdd {
    CreditAdd {
        job: job.to_owned(),
        fence: 3,
        node: "n1".to_owned(),
        wallet: address(1),
        cost: 100,
        operator: 80,
        treasury: 10,
        incentive: 5,
        orchestrator: 5,
        at: 30,
    }
}

/// All of it to the node.
fn whole(job: &str, node: u8, cost: u64) -> CreditAdd {
    CreditAdd {
        node: format!("n{node}"),
        wallet: address(node % 2),
        cost,
        operator: cost,
        treasury: 0,
        incentive: 0,
        orchestrator: 0,
        ..credit(job)
    }
}

fn why(refusal: Refusal) -> CreditRefusal {
    match refusal {
        Refusal::Credit(why) => why,
        other => panic!("{other:?}"),
    }
}

async fn listed(store: &Arc<dyn Store>, by: Earner, after: u64, limit: u32) -> Vec<CreditRecord> {
    store.ask(ListCredits { by, after, limit }).await.unwrap()
}

pub(crate) async fn a_job_is_credited_once(store: Arc<dyn Store>) {
    assert_eq!(store.run(credit("a")).await.unwrap(), 1);
    let second = CreditAdd {
        fence: 4,
        node: "n2".to_owned(),
        ..credit("a")
    };
    let expected = CreditRefusal::Exists {
        job: "a".to_owned(),
        seq: 1,
        node: "n1".to_owned(),
        fence: 3,
    };
    assert_eq!(why(refused(store.run(second).await)), expected);
    let job = "a".to_owned();
    let kept = store.ask(GetCredit { job }).await.unwrap().unwrap();
    assert_eq!((kept.seq, kept.fence, kept.operator), (1, 3, 80));
    let by = Earner::Node("n2".to_owned());
    let nothing = store.ask(Earned { by }).await.unwrap();
    assert_eq!(nothing, Earnings::default());
    // Of many at once, one.
    let many = join_all((0..50).map(|_| store.run(credit("b")))).await;
    assert_eq!(many.iter().filter(|result| result.is_ok()).count(), 1);
}

pub(crate) async fn parts_fit_into_the_cost(store: Arc<dyn Store>) {
    let less = CreditAdd {
        cost: 99,
        ..credit("a")
    };
    let error = store.run(less).await.unwrap_err();
    assert!(
        matches!(error, StoreError::Invalid { field: "cost", .. }),
        "{error}"
    );
    // A rest is nobody's: on chain it stays with the client.
    let rest = CreditAdd {
        cost: 101,
        ..credit("b")
    };
    store.run(rest).await.unwrap();
    let all = store.ask(Earned { by: Earner::All }).await.unwrap();
    assert_eq!((all.cost, all.operator), (101, 80));
    let beyond = CreditAdd {
        operator: u64::MAX,
        treasury: 101,
        incentive: 0,
        orchestrator: 0,
        ..credit("a")
    };
    let error = store.run(beyond).await.unwrap_err();
    assert!(matches!(error, StoreError::Invalid { .. }), "{error}");
    store.run(whole("nothing", 1, 0)).await.unwrap();
}

pub(crate) async fn earnings_are_those_of_a_scan(store: Arc<dyn Store>) {
    for n in 0..30_u8 {
        let op = whole(&n.to_string(), n % 4, u64::from(n) * 7);
        store.run(op).await.unwrap();
    }
    store.run(credit("split")).await.unwrap();
    let nodes = (0..5).map(|n| Earner::Node(format!("n{n}")));
    let wallets = (0..3).map(|n| Earner::Wallet(address(n)));
    for by in nodes.chain(wallets).chain([Earner::All]) {
        let scan = listed(&store, by.clone(), 0, 500).await;
        let expected = Earnings {
            credits: scan.len() as u64,
            cost: scan.iter().map(|credit| credit.cost).sum(),
            operator: scan.iter().map(|credit| credit.operator).sum(),
        };
        let earned = store.ask(Earned { by: by.clone() }).await.unwrap();
        assert_eq!(earned, expected, "{by:?}");
    }
    let by = Earner::Wallet(address(1));
    let all = listed(&store, by.clone(), 0, 500).await;
    let rest = listed(&store, by, all[3].seq, 2).await;
    assert_eq!(rest, all[4..6]);
}

pub(crate) async fn credits_use_the_whole_range(store: Arc<dyn Store>) {
    store.run(whole("a", 1, u64::MAX - 1)).await.unwrap();
    store.run(whole("b", 2, 1)).await.unwrap();
    let all = store.ask(Earned { by: Earner::All }).await.unwrap();
    assert_eq!((all.credits, all.cost), (2, u64::MAX));
    // Beyond the range the sums stand still, and each credit is what it is.
    store.run(whole("c", 3, 2)).await.unwrap();
    let all = store.ask(Earned { by: Earner::All }).await.unwrap();
    assert_eq!((all.credits, all.cost), (3, u64::MAX));
    let kept = listed(&store, Earner::All, 0, 500).await;
    assert_eq!((kept[0].cost, kept[2].cost), (u64::MAX - 1, 2));
}
