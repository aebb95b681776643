//! A job's whole way: changes of every area in one unit.

use std::sync::Arc;

use hypernode_state::budgets::{Budget, BudgetReserve, BudgetSettle, Reserved};
use hypernode_state::credits::{CreditRefusal, Earned, Earner};
use hypernode_state::idempotency::{
    GetIdempotency, IdempotencyBegin, IdempotencyFinish, IdempotencyRefusal,
};
use hypernode_state::jobs::{CountJobs, JobOutcome};
use hypernode_state::outbox::ReadOutbox;
use hypernode_state::receipts::GetReceipts;
use hypernode_state::{Refusal, Store, StoreError, StoreExt, Unit};

use super::credits::credit;
use super::jobs::{insert, put, whole};
use super::receipts::receipt;
use super::units::emit;
use super::{address, digest, refused};

const LEASED: u8 = 3;
const COMPLETED: u8 = 5;

fn begin(key: &str) -> IdempotencyBegin {
    IdempotencyBegin {
        owner: "o".to_owned(),
        key: key.to_owned(),
        body: digest(1),
        now: 0,
        hold_ms: 10,
        expires_at: 1_000,
    }
}

fn finish(key: &str) -> IdempotencyFinish {
    IdempotencyFinish {
        owner: "o".to_owned(),
        key: key.to_owned(),
        attempt: None,
        response: b"done".to_vec(),
    }
}

fn submission(id: &str) -> Unit {
    let mut unit = Unit::new();
    unit.push(begin(id));
    unit.push(insert(id));
    unit.push(BudgetReserve {
        job: id.to_owned(),
        owner: address(1),
        amount: 1_000,
        cap: Some(10_000),
    });
    unit.push(emit("submitted"));
    unit.push(finish(id));
    unit
}

fn completion(id: &str, key: &str) -> Unit {
    let mut unit = Unit::new();
    unit.push(begin(key));
    unit.push(put(id, 2, COMPLETED));
    unit.push(JobOutcome {
        id: id.to_owned(),
        outcome: b"result".to_vec(),
    });
    unit.push(BudgetSettle {
        job: id.to_owned(),
        charged: 100,
    });
    unit.push(receipt(id, 2));
    unit.push(emit("completed"));
    unit.push(finish(key));
    unit.push(credit(id));
    unit
}

async fn messages(store: &Arc<dyn Store>) -> Vec<String> {
    let read = ReadOutbox {
        topic: "t".to_owned(),
        after: 0,
        limit: 100,
    };
    let messages = store.ask(read).await.unwrap();
    messages.into_iter().map(|message| message.key).collect()
}

async fn budget(store: &Arc<dyn Store>) -> Budget {
    let owner = address(1);
    store.ask(Reserved { owner }).await.unwrap()
}

/// Everything that a completion touches.
async fn seen(store: &Arc<dyn Store>, id: &str, key: &str) -> impl PartialEq + std::fmt::Debug {
    let counts = store.ask(CountJobs { owner: None }).await.unwrap();
    let earned = store.ask(Earned { by: Earner::All }).await.unwrap();
    let receipts = GetReceipts {
        job: id.to_owned(),
        after: None,
        limit: 10,
    };
    let (owner, key) = ("o".to_owned(), key.to_owned());
    let key = GetIdempotency { owner, key };
    (
        whole(store, id).await,
        counts,
        earned,
        budget(store).await,
        messages(store).await,
        store.ask(receipts).await.unwrap(),
        store.ask(key).await.unwrap(),
    )
}

pub(crate) async fn a_job_goes_its_way_in_whole_units(store: Arc<dyn Store>) {
    store.apply(submission("a")).await.unwrap();
    // Sent again it is answered from what was stored, and nothing happens twice.
    let again = refused(store.apply(submission("a")).await);
    let response = b"done".to_vec();
    let expected = Refusal::Idempotency(IdempotencyRefusal::Answered { response });
    assert_eq!(again, expected);
    let mut unit = Unit::new();
    unit.push(put("a", 1, LEASED));
    unit.push(receipt("a", 1));
    unit.push(emit("leased"));
    store.apply(unit).await.unwrap();
    store.apply(completion("a", "end")).await.unwrap();
    let job = whole(&store, "a").await.unwrap();
    assert_eq!((job.job.state, job.job.version), (COMPLETED, 3));
    assert_eq!(job.outcome.as_deref(), Some(&b"result"[..]));
    let earned = store.ask(Earned { by: Earner::All }).await.unwrap();
    assert_eq!((earned.credits, earned.cost), (1, 100));
    let Budget {
        reserved,
        open,
        spent,
    } = budget(&store).await;
    assert_eq!((reserved, open, spent), (0, 0, 100));
    let sent = messages(&store).await;
    assert_eq!(sent, ["submitted", "leased", "completed"]);
}

pub(crate) async fn a_refused_credit_leaves_no_trace_of_the_rest(store: Arc<dyn Store>) {
    store.apply(submission("a")).await.unwrap();
    store.run(put("a", 1, LEASED)).await.unwrap();
    // Somebody was credited for this job before.
    store.run(credit("a")).await.unwrap();
    let before = seen(&store, "a", "end").await;
    let error = store.apply(completion("a", "end")).await.unwrap_err();
    let StoreError::Refused { index: 7, why } = error else {
        panic!("{error}")
    };
    assert!(
        matches!(
            why,
            Refusal::Credit(CreditRefusal::Exists {
                seq: 1,
                fence: 3,
                ..
            })
        ),
        "{why}"
    );
    assert_eq!(seen(&store, "a", "end").await, before);
    // No hole in the numbers either.
    store.run(emit("next")).await.unwrap();
    assert_eq!(store.run(receipt("a", 2)).await.unwrap(), 1);
    assert_eq!(store.run(insert("b")).await.unwrap(), 2);
    assert_eq!(store.run(credit("b")).await.unwrap(), 2);
}
