//! Units: all or nothing, in order, bounded.

use std::sync::Arc;

use futures::future::join_all;
use hypernode_state::accounts::{AuditAppend, GetWallet, NonceTake, WalletEnsure};
use hypernode_state::limits;
use hypernode_state::outbox::{Emit, ReadOutbox};
use hypernode_state::tasks::{Claim, Complete, Enqueue, GetTask, TaskState};
use hypernode_state::{Store, StoreError, StoreExt, Unit};

use super::address;

pub(crate) fn enqueue(id: &str) -> Enqueue {
    Enqueue {
        queue: "q".to_owned(),
        id: id.to_owned(),
        priority: 0,
        payload: b"work".to_vec(),
        not_before: 0,
        now: 0,
    }
}

pub(crate) fn emit(key: &str) -> Emit {
    Emit {
        topic: "t".to_owned(),
        key: key.to_owned(),
        payload: Vec::new(),
        at: 0,
    }
}

pub(crate) async fn a_unit_is_all_or_nothing(store: Arc<dyn Store>) {
    let mut unit = Unit::new();
    unit.push(enqueue("a"));
    unit.push(emit("a"));
    unit.push(WalletEnsure {
        wallet: address(1),
        at: 5,
    });
    unit.push(NonceTake {
        nonce: b"never issued".to_vec(),
        now: 0,
    });
    let error = store.apply(unit).await.unwrap_err();
    assert!(
        matches!(error, StoreError::Refused { index: 3, .. }),
        "{error}"
    );
    assert_eq!(
        store.ask(GetTask { id: "a".to_owned() }).await.unwrap(),
        None
    );
    assert_eq!(
        store.ask(GetWallet { wallet: address(1) }).await.unwrap(),
        None
    );
    let read = ReadOutbox {
        topic: "t".to_owned(),
        after: 0,
        limit: 10,
    };
    assert_eq!(store.ask(read).await.unwrap(), Vec::new());
}

pub(crate) async fn the_first_refused_operation_is_named(store: Arc<dyn Store>) {
    store.run(enqueue("a")).await.unwrap();
    let mut unit = Unit::new();
    unit.push(enqueue("b"));
    unit.push(enqueue("a"));
    unit.push(enqueue("a"));
    let error = store.apply(unit).await.unwrap_err();
    assert!(
        matches!(error, StoreError::Refused { index: 1, .. }),
        "{error}"
    );
}

pub(crate) async fn later_operations_see_earlier_ones(store: Arc<dyn Store>) {
    let mut unit = Unit::new();
    unit.push(enqueue("a"));
    let claim = unit.push(Claim {
        queue: "q".to_owned(),
        worker: "w".to_owned(),
        now: 0,
        lease_ms: 10,
        limit: 5,
    });
    unit.push(Complete {
        id: "a".to_owned(),
        fence: 1,
        result: b"done".to_vec(),
        now: 1,
    });
    let mut replies = store.apply(unit).await.unwrap();
    let claimed = replies.take(claim).unwrap();
    assert_eq!((claimed.len(), claimed[0].fence), (1, 1));
    assert!(matches!(
        replies.take(claim),
        Err(StoreError::NoReply { index: 1 })
    ));
    let task = store
        .ask(GetTask { id: "a".to_owned() })
        .await
        .unwrap()
        .unwrap();
    assert_eq!(task.state, TaskState::Completed);
}

pub(crate) async fn arguments_out_of_range_are_refused(store: Arc<dyn Store>) {
    let long = "x".repeat(limits::NAME + 1);
    let bad = [
        Enqueue {
            id: String::new(),
            ..enqueue("a")
        },
        Enqueue {
            id: long,
            ..enqueue("a")
        },
        Enqueue {
            queue: "a\0b".to_owned(),
            ..enqueue("a")
        },
        Enqueue {
            payload: vec![0; limits::PAYLOAD + 1],
            ..enqueue("a")
        },
        Enqueue {
            now: -1,
            ..enqueue("a")
        },
        Enqueue {
            not_before: limits::LATEST + 1,
            ..enqueue("a")
        },
    ];
    for op in bad {
        let error = store.run(op).await.unwrap_err();
        assert!(matches!(error, StoreError::Invalid { .. }), "{error}");
    }
    let claim = Claim {
        queue: "q".to_owned(),
        worker: "w".to_owned(),
        now: 0,
        lease_ms: 1,
        limit: 0,
    };
    assert!(matches!(
        store.run(claim).await,
        Err(StoreError::Invalid { .. })
    ));
    assert!(matches!(
        store.apply(Unit::new()).await,
        Err(StoreError::Invalid { .. })
    ));
    let crowd: Unit = (0..=limits::OPS)
        .map(|n| enqueue(&n.to_string()).into())
        .collect();
    assert!(matches!(
        store.apply(crowd).await,
        Err(StoreError::Invalid { .. })
    ));
    let heavy: Unit = (0..9)
        .map(|n| {
            Enqueue {
                payload: vec![0; limits::PAYLOAD],
                ..enqueue(&n.to_string())
            }
            .into()
        })
        .collect();
    assert!(matches!(
        store.apply(heavy).await,
        Err(StoreError::Invalid { .. })
    ));
    // The largest that is allowed.
    let full: Unit = (0..7)
        .map(|n| {
            Enqueue {
                payload: vec![7; limits::PAYLOAD],
                ..enqueue(&n.to_string())
            }
            .into()
        })
        .collect();
    store.apply(full).await.unwrap();
}

pub(crate) async fn callers_at_once_each_get_their_reply(store: Arc<dyn Store>) {
    let audit = |n: usize| AuditAppend {
        at: 0,
        actor: "tester".to_owned(),
        action: "count".to_owned(),
        subject: format!("s{n}"),
        detail: String::new(),
    };
    let all = join_all((0..1_500).map(|n| store.run(audit(n)))).await;
    let mut numbers: Vec<u64> = all.into_iter().map(Result::unwrap).collect();
    // Queued in the order of calls.
    assert!(numbers.is_sorted());
    numbers.dedup();
    assert_eq!(
        (numbers.len(), numbers[0], numbers[1_499]),
        (1_500, 1, 1_500)
    );
}

pub(crate) async fn what_was_acknowledged_is_read(store: Arc<dyn Store>) {
    for n in 0..50 {
        let id = format!("t{n}");
        store.run(enqueue(&id)).await.unwrap();
        assert!(store.ask(GetTask { id }).await.unwrap().is_some());
    }
}
