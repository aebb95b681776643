//! Jobs.

use std::sync::Arc;

use hypernode_state::budgets::{BudgetReserve, BudgetSettle, GetReservation};
use hypernode_state::credits::GetCredit;
use hypernode_state::jobs::{
    GetJob, JobContent, JobInsert, JobOutcome, JobPut, JobRefusal, JobStates, JobWhole, JobsTrim,
    ListJobs,
};
use hypernode_state::receipts::{GetReceipts, ListReceipts};
use hypernode_state::{Refusal, Store, StoreError, StoreExt, Unit, limits};

use super::credits::credit;
use super::job_lists::{ids, list};
use super::receipts::receipt;
use super::{address, refused};

pub(crate) fn insert(id: &str) -> JobInsert {
    JobInsert {
        id: id.to_owned(),
        owner: address(1),
        kind: "render".to_owned(),
        state: 1,
        open: true,
        node: None,
        due: None,
        awaits_content: false,
        record: b"record".to_vec(),
        content: b"content".to_vec(),
        at: 10,
    }
}

pub(crate) fn put(id: &str, version: u64, state: u8) -> JobPut {
    JobPut {
        id: id.to_owned(),
        version,
        state,
        open: state < 4,
        node: None,
        due: None,
        record: format!("state {state}").into_bytes(),
        at: 20,
    }
}

pub(crate) fn job(refusal: Refusal) -> JobRefusal {
    match refusal {
        Refusal::Job(why) => why,
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn whole(store: &Arc<dyn Store>, id: &str) -> Option<JobWhole> {
    let (id, content, outcome) = (id.to_owned(), true, true);
    let get = GetJob {
        id,
        content,
        outcome,
    };
    store.ask(get).await.unwrap()
}

pub(crate) fn trim(before: i64, states: impl IntoIterator<Item = u8>) -> JobsTrim {
    JobsTrim {
        before,
        states: states.into_iter().collect(),
        limit: 1_000,
    }
}

pub(crate) async fn a_job_is_numbered_and_kept(store: Arc<dyn Store>) {
    assert_eq!(store.run(insert("a")).await.unwrap(), 1);
    assert_eq!(store.run(insert("b")).await.unwrap(), 2);
    let id = "a".to_owned();
    let again = refused(store.run(insert("a")).await);
    assert_eq!(job(again), JobRefusal::Exists { id });
    assert_eq!(store.run(insert("c")).await.unwrap(), 3);
    let kept = whole(&store, "b").await.unwrap();
    let (number, version) = (kept.job.number, kept.job.version);
    assert_eq!((number, version, kept.job.created_at), (2, 1, 10));
    assert_eq!(kept.content.as_deref(), Some(&b"content"[..]));
    assert_eq!(kept.outcome, None);
    let bare = GetJob {
        id: "b".to_owned(),
        content: false,
        outcome: false,
    };
    let bare = store.ask(bare).await.unwrap().unwrap();
    assert_eq!((bare.job, bare.content), (kept.job, None));
    assert_eq!(whole(&store, "nothing").await, None);
}

pub(crate) async fn of_two_changes_at_once_one_is_stale(store: Arc<dyn Store>) {
    store.run(insert("a")).await.unwrap();
    let at_once = futures::join!(store.run(put("a", 1, 2)), store.run(put("a", 1, 3)));
    assert_eq!(at_once.0.unwrap(), 2);
    let stale = JobRefusal::Stale {
        id: "a".to_owned(),
        given: 1,
        current: 2,
    };
    assert_eq!(job(refused(at_once.1)), stale);
    assert_eq!(whole(&store, "a").await.unwrap().job.state, 2);
    assert_eq!(store.run(put("a", 2, 5)).await.unwrap(), 3);
    let over = whole(&store, "a").await.unwrap().job;
    assert!(!over.open && over.created_at == 10 && over.changed_at == 20);
    let id = "b".to_owned();
    let unknown = refused(store.run(put("b", 1, 1)).await);
    assert_eq!(job(unknown), JobRefusal::Unknown { id });
}

pub(crate) async fn content_comes_once_and_only_where_it_is_awaited(store: Arc<dyn Store>) {
    let content = |id: &str, version, text: &str| JobContent {
        id: id.to_owned(),
        version,
        content: text.into(),
    };
    let waiting = |id: &str| JobInsert {
        awaits_content: true,
        content: Vec::new(),
        ..insert(id)
    };
    store.run(waiting("a")).await.unwrap();
    store.run(waiting("over")).await.unwrap();
    store.run(put("over", 1, 7)).await.unwrap();
    store.run(insert("b")).await.unwrap();
    let stale = job(refused(store.run(content("a", 2, "x")).await));
    assert!(matches!(stale, JobRefusal::Stale { current: 1, .. }));
    // With the change that it brings about, both from the same version.
    let mut unit = Unit::new();
    unit.push(content("a", 1, "x"));
    unit.push(put("a", 1, 1));
    store.apply(unit).await.unwrap();
    let kept = whole(&store, "a").await.unwrap();
    assert_eq!(kept.content.as_deref(), Some(&b"x"[..]));
    assert!(!kept.job.awaits_content && kept.job.version == 2);
    for late in [
        content("a", 2, "y"),
        content("b", 1, "y"),
        content("over", 2, "y"),
    ] {
        let why = job(refused(store.run(late).await));
        assert!(matches!(why, JobRefusal::NotAwaited { .. }), "{why}");
    }
}

pub(crate) async fn an_outcome_is_replaced_as_a_whole(store: Arc<dyn Store>) {
    store.run(insert("a")).await.unwrap();
    let outcome = |id: &str, outcome: Vec<u8>| {
        let id = id.to_owned();
        JobOutcome { id, outcome }
    };
    for text in ["first", "second", ""] {
        store.run(outcome("a", text.into())).await.unwrap();
        let kept = whole(&store, "a").await.unwrap();
        assert_eq!(kept.outcome.as_deref(), Some(text.as_bytes()));
        assert_eq!(kept.job.version, 1);
    }
    store
        .run(outcome("a", vec![1; limits::OUTCOME]))
        .await
        .unwrap();
    let why = job(refused(store.run(outcome("b", Vec::new())).await));
    assert!(matches!(why, JobRefusal::Unknown { .. }));
}

pub(crate) async fn a_trim_takes_what_is_over_and_nothing_else(store: Arc<dyn Store>) {
    let reserve = |id: &str| BudgetReserve {
        job: id.to_owned(),
        owner: address(1),
        amount: 5,
        cap: None,
    };
    for id in ["open", "credited", "reserved", "kept", "late", "gone"] {
        store.run(insert(id)).await.unwrap();
        store.run(reserve(id)).await.unwrap();
        store.run(receipt(id, 1)).await.unwrap();
        if id != "open" {
            let state = if id == "kept" { 6 } else { 5 };
            let at = if id == "late" { 21 } else { 20 };
            store
                .run(JobPut {
                    at,
                    ..put(id, 1, state)
                })
                .await
                .unwrap();
        }
        if id != "reserved" {
            let (job, charged) = (id.to_owned(), 0);
            store.run(BudgetSettle { job, charged }).await.unwrap();
        }
    }
    let mut young = credit("credited");
    young.at = 21;
    store.run(young).await.unwrap();
    let mut old = credit("gone");
    old.at = 20;
    store.run(old).await.unwrap();
    assert_eq!(store.run(trim(19, 0..16)).await.unwrap(), 0);
    assert_eq!(store.run(trim(20, [5])).await.unwrap(), 1);
    assert_eq!(whole(&store, "gone").await, None);
    let page = store.ask(list()).await.unwrap();
    assert_eq!(ids(&page), ["late", "kept", "reserved", "credited", "open"]);
    // What belongs to it is gone with it, but the credit stays.
    let job = || "gone".to_owned();
    let receipts = GetReceipts {
        job: job(),
        after: None,
        limit: 9,
    };
    assert_eq!(store.ask(receipts).await.unwrap(), []);
    let reservation = store.ask(GetReservation { job: job() }).await.unwrap();
    assert_eq!(reservation, None);
    let credit = store.ask(GetCredit { job: job() }).await.unwrap();
    assert!(credit.is_some());
    assert_eq!(store.run(trim(21, 0..16)).await.unwrap(), 3);
    let page = store.ask(list()).await.unwrap();
    assert_eq!(ids(&page), ["reserved", "open"]);
    let (after, limit) = (0, 9);
    let receipts = store.ask(ListReceipts { after, limit }).await.unwrap();
    assert_eq!(receipts.len(), 2);
    // Numbers are not used again.
    assert_eq!(store.run(insert("gone")).await.unwrap(), 7);
}

pub(crate) async fn jobs_out_of_range_are_refused(store: Arc<dyn Store>) {
    let bad = [
        JobInsert {
            id: "x".repeat(limits::ID + 1),
            ..insert("a")
        },
        JobInsert {
            kind: "x".repeat(limits::KIND + 1),
            ..insert("a")
        },
        JobInsert {
            kind: String::new(),
            ..insert("a")
        },
        JobInsert {
            state: limits::STATES,
            ..insert("a")
        },
        JobInsert {
            node: Some(String::new()),
            ..insert("a")
        },
        JobInsert {
            record: vec![0; limits::RECORD + 1],
            ..insert("a")
        },
        JobInsert {
            content: vec![0; limits::CONTENT + 1],
            ..insert("a")
        },
    ];
    for op in bad {
        let error = store.run(op).await.unwrap_err();
        assert!(matches!(error, StoreError::Invalid { .. }), "{error}");
    }
    let most = JobInsert {
        id: "x".repeat(limits::ID),
        kind: "x".repeat(limits::KIND),
        state: 15,
        record: vec![0; limits::RECORD],
        content: vec![0; limits::CONTENT],
        ..insert("a")
    };
    store.run(most).await.unwrap();
    for query in [
        ListJobs {
            states: JobStates(0),
            ..list()
        },
        ListJobs {
            limit: limits::PAGE + 1,
            ..list()
        },
    ] {
        let error = store.ask(query).await.unwrap_err();
        assert!(matches!(error, StoreError::Invalid { .. }), "{error}");
    }
    let error = store.run(trim(1, [])).await.unwrap_err();
    assert!(matches!(error, StoreError::Invalid { .. }), "{error}");
}
