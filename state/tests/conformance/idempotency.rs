//! Idempotency keys.

use std::sync::Arc;

use hypernode_state::idempotency::{
    GetIdempotency, IdempotencyAbandon, IdempotencyBegin, IdempotencyFinish, IdempotencyPurge,
    IdempotencyRefusal,
};
use hypernode_state::tasks::CountTasks;
use hypernode_state::{Refusal, Store, StoreExt, Unit, UnixMs};

use super::units::enqueue;
use super::{digest, refused};

fn begin(now: UnixMs) -> IdempotencyBegin {
    IdempotencyBegin {
        owner: "o".to_owned(),
        key: "k".to_owned(),
        body: digest(1),
        now,
        hold_ms: 100,
        expires_at: 1_000,
    }
}

fn finish(attempt: Option<u64>) -> IdempotencyFinish {
    IdempotencyFinish {
        owner: "o".to_owned(),
        key: "k".to_owned(),
        attempt,
        response: b"answer".to_vec(),
    }
}

fn answered() -> Refusal {
    let response = b"answer".to_vec();
    Refusal::Idempotency(IdempotencyRefusal::Answered { response })
}

fn not_in_flight(given: Option<u64>) -> Refusal {
    Refusal::Idempotency(IdempotencyRefusal::NotInFlight { given })
}

pub(crate) async fn a_repetition_gets_the_stored_response(store: Arc<dyn Store>) {
    let attempt = store.run(begin(0)).await.unwrap();
    let why = refused(store.run(begin(1)).await);
    assert_eq!(
        why,
        Refusal::Idempotency(IdempotencyRefusal::InFlight { held_until: 100 })
    );
    store.run(finish(Some(attempt))).await.unwrap();
    assert_eq!(refused(store.run(begin(2)).await), answered());
    assert_eq!(refused(store.run(begin(500)).await), answered());
    assert_eq!(
        refused(store.run(finish(Some(attempt))).await),
        not_in_flight(Some(attempt))
    );
    // Another owner's key is another key.
    let other = IdempotencyBegin {
        owner: "p".to_owned(),
        ..begin(3)
    };
    assert!(store.run(other).await.unwrap() > attempt);
}

pub(crate) async fn another_body_is_a_conflict(store: Arc<dyn Store>) {
    let attempt = store.run(begin(0)).await.unwrap();
    let other = |now| IdempotencyBegin {
        body: digest(2),
        ..begin(now)
    };
    let conflict = Refusal::Idempotency(IdempotencyRefusal::Conflict);
    assert_eq!(refused(store.run(other(1)).await), conflict);
    // Also when the hold is over, and when it is answered.
    assert_eq!(refused(store.run(other(101)).await), conflict);
    store.run(finish(Some(attempt))).await.unwrap();
    assert_eq!(refused(store.run(other(102)).await), conflict);
}

pub(crate) async fn a_request_in_flight_is_taken_over_when_its_hold_ends(store: Arc<dyn Store>) {
    let first = store.run(begin(0)).await.unwrap();
    refused(store.run(begin(99)).await);
    let second = store.run(begin(100)).await.unwrap();
    assert!(second > first);
    assert_eq!(
        refused(store.run(finish(Some(first))).await),
        not_in_flight(Some(first))
    );
    assert_eq!(refused(store.run(finish(None)).await), not_in_flight(None));
    let abandon = |attempt| IdempotencyAbandon {
        owner: "o".to_owned(),
        key: "k".to_owned(),
        attempt,
    };
    assert_eq!(
        refused(store.run(abandon(first)).await),
        not_in_flight(Some(first))
    );
    store.run(abandon(second)).await.unwrap();
    assert!(store.run(begin(101)).await.unwrap() > second);
}

pub(crate) async fn a_key_is_free_when_it_expires(store: Arc<dyn Store>) {
    let first = store.run(begin(0)).await.unwrap();
    store.run(finish(Some(first))).await.unwrap();
    assert_eq!(refused(store.run(begin(999)).await), answered());
    let second = IdempotencyBegin {
        body: digest(2),
        expires_at: 3_000,
        ..begin(1_000)
    };
    let second = store.run(second).await.unwrap();
    assert!(second > first);
    assert_eq!(
        refused(store.run(finish(Some(first))).await),
        not_in_flight(Some(first))
    );
    let purge = |now| IdempotencyPurge { now, limit: 10 };
    assert_eq!(store.run(purge(2_999)).await.unwrap(), 0);
    assert_eq!(store.run(purge(3_000)).await.unwrap(), 1);
    let get = GetIdempotency {
        owner: "o".to_owned(),
        key: "k".to_owned(),
    };
    assert_eq!(store.ask(get).await.unwrap(), None);
}

pub(crate) async fn a_unit_does_its_work_once(store: Arc<dyn Store>) {
    let unit = |now| {
        let mut unit = Unit::new();
        unit.push(begin(now));
        unit.push(enqueue(&format!("task-of-{now}")));
        unit.push(finish(None));
        unit
    };
    store.apply(unit(0)).await.unwrap();
    assert_eq!(refused(store.apply(unit(1)).await), answered());
    let counts = store
        .ask(CountTasks {
            queue: "q".to_owned(),
        })
        .await
        .unwrap();
    assert_eq!(counts.ready, 1);
}
