//! The queue.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::future::join_all;
use hypernode_state::tasks::{
    AfterFailure, Cancel, Claim, ClaimTask, Claimed, Complete, CountTasks, Enqueue, ExpireLeases,
    Expired, Fail, GetTask, ListStaleFences, ListTasks, PurgeTasks, Renew, StaleFence, TaskCounts,
    TaskRecord, TaskRefusal, TaskState,
};
use hypernode_state::{Refusal, Store, StoreExt, UnixMs};

use super::refused;
use super::units::enqueue;

fn claim(worker: &str, now: UnixMs, limit: u32) -> Claim {
    Claim {
        queue: "q".to_owned(),
        worker: worker.to_owned(),
        now,
        lease_ms: 100,
        limit,
    }
}

fn complete(id: &str, fence: u64, now: UnixMs) -> Complete {
    Complete {
        id: id.to_owned(),
        fence,
        result: b"r".to_vec(),
        now,
    }
}

fn fail(id: &str, fence: u64, then: AfterFailure, now: UnixMs) -> Fail {
    Fail {
        id: id.to_owned(),
        fence,
        reason: b"why".to_vec(),
        then,
        now,
    }
}

fn ids(claimed: &[Claimed]) -> Vec<&str> {
    claimed.iter().map(|task| task.id.as_str()).collect()
}

async fn get(store: &Arc<dyn Store>, id: &str) -> TaskRecord {
    let id = id.to_owned();
    store.ask(GetTask { id }).await.unwrap().unwrap()
}

fn is_stale(refusal: &Refusal, given: u64, current: u64) -> bool {
    matches!(refusal, Refusal::Task(TaskRefusal::Stale { given: g, current: c, .. }) if *g == given && *c == current)
}

pub(crate) async fn claims_go_by_priority_then_order(store: Arc<dyn Store>) {
    for (id, priority) in [
        ("a", 0),
        ("b", 5),
        ("c", -5),
        ("d", 5),
        ("e", i32::MAX),
        ("f", i32::MIN),
    ] {
        store
            .run(Enqueue {
                priority,
                ..enqueue(id)
            })
            .await
            .unwrap();
    }
    store
        .run(Enqueue {
            queue: "other".to_owned(),
            ..enqueue("z")
        })
        .await
        .unwrap();
    let first = store.run(claim("w", 0, 2)).await.unwrap();
    assert_eq!(ids(&first), ["e", "b"]);
    assert_eq!((first[0].priority, first[0].lease_until), (i32::MAX, 100));
    assert_eq!(first[0].payload, b"work");
    let rest = store.run(claim("w", 0, 1_000)).await.unwrap();
    assert_eq!(ids(&rest), ["d", "a", "c", "f"]);
    assert_eq!(store.run(claim("w", 0, 1)).await.unwrap(), Vec::new());
}

pub(crate) async fn a_task_waits_for_its_time(store: Arc<dyn Store>) {
    store
        .run(Enqueue {
            not_before: 50,
            ..enqueue("a")
        })
        .await
        .unwrap();
    assert_eq!(get(&store, "a").await.state, TaskState::Waiting);
    assert_eq!(store.run(claim("w", 49, 1)).await.unwrap(), Vec::new());
    let one = |now| ClaimTask {
        id: "a".to_owned(),
        worker: "w".to_owned(),
        now,
        lease_ms: 10,
    };
    let why = refused(store.run(one(49)).await);
    assert!(matches!(
        why,
        Refusal::Task(TaskRefusal::NotReady {
            state: TaskState::Waiting,
            ..
        })
    ));
    assert_eq!(store.run(one(50)).await.unwrap().fence, 1);
    let then = AfterFailure::Retry { not_before: 80 };
    store.run(fail("a", 1, then, 60)).await.unwrap();
    let task = get(&store, "a").await;
    assert_eq!(
        (task.state, task.not_before, task.outcome),
        (TaskState::Waiting, Some(80), Some(b"why".to_vec()))
    );
    assert_eq!(store.run(claim("w", 79, 1)).await.unwrap(), Vec::new());
    assert_eq!(store.run(claim("w", 80, 1)).await.unwrap()[0].fence, 2);
}

pub(crate) async fn a_task_is_leased_to_one_of_many_workers(store: Arc<dyn Store>) {
    let tasks: Vec<String> = (0..200).map(|n| format!("t{n:03}")).collect();
    join_all(tasks.iter().map(|id| store.run(enqueue(id)))).await;
    let claims = join_all((0..100).map(|n| store.run(claim(&format!("w{n}"), 0, 3)))).await;
    let claimed: Vec<Claimed> = claims.into_iter().flat_map(Result::unwrap).collect();
    let distinct: BTreeSet<&str> = ids(&claimed).into_iter().collect();
    assert_eq!((claimed.len(), distinct.len()), (200, 200));
}

pub(crate) async fn fences_grow_with_each_attempt(store: Arc<dyn Store>) {
    store.run(enqueue("a")).await.unwrap();
    for attempt in 1..=5 {
        let now = i64::try_from(attempt).unwrap() * 1_000;
        let claimed = store.run(claim("w", now, 1)).await.unwrap();
        assert_eq!(claimed[0].fence, attempt);
        if attempt % 2 == 0 {
            let then = AfterFailure::Retry { not_before: now };
            store.run(fail("a", attempt, then, now)).await.unwrap();
        } else {
            let expired = store
                .run(ExpireLeases {
                    now: now + 100,
                    limit: 10,
                })
                .await
                .unwrap();
            let expected = Expired {
                id: "a".to_owned(),
                queue: "q".to_owned(),
                worker: "w".to_owned(),
                fence: attempt,
            };
            assert_eq!(expired, [expected]);
        }
    }
}

pub(crate) async fn a_stale_fence_is_refused_and_recorded(store: Arc<dyn Store>) {
    store.run(enqueue("a")).await.unwrap();
    store.run(claim("slow", 0, 1)).await.unwrap();
    store
        .run(ExpireLeases { now: 100, limit: 1 })
        .await
        .unwrap();
    // Taken back and not claimed again: stale already.
    assert!(is_stale(
        &refused(store.run(complete("a", 1, 101)).await),
        1,
        1
    ));
    store.run(claim("fast", 102, 1)).await.unwrap();
    assert!(is_stale(
        &refused(store.run(complete("a", 1, 103)).await),
        1,
        2
    ));
    let renew = Renew {
        id: "a".to_owned(),
        fence: 1,
        now: 104,
        lease_ms: 5,
    };
    assert!(is_stale(&refused(store.run(renew).await), 1, 2));
    // One that was never given is no worker's mistake, and is not recorded.
    for fence in [0, 3, u64::MAX] {
        let why = refused(store.run(complete("a", fence, 105)).await);
        assert!(
            matches!(
                why,
                Refusal::Task(TaskRefusal::NeverGiven { current: 2, .. })
            ),
            "{why}"
        );
    }
    store.run(complete("a", 2, 106)).await.unwrap();
    assert!(is_stale(
        &refused(store.run(fail("a", 1, AfterFailure::Dead, 107)).await),
        1,
        2
    ));
    let list = ListStaleFences {
        id: "a".to_owned(),
        limit: 10,
    };
    let recorded = StaleFence {
        fence: 1,
        times: 4,
        first_at: 101,
        last_at: 107,
    };
    assert_eq!(store.ask(list).await.unwrap(), [recorded]);
    let task = get(&store, "a").await;
    assert_eq!(
        (task.state, task.outcome),
        (TaskState::Completed, Some(b"r".to_vec()))
    );
}

pub(crate) async fn a_repeated_end_is_told_apart(store: Arc<dyn Store>) {
    store.run(enqueue("a")).await.unwrap();
    store.run(claim("w", 0, 1)).await.unwrap();
    store.run(complete("a", 1, 1)).await.unwrap();
    let why = refused(store.run(complete("a", 1, 2)).await);
    assert!(matches!(
        why,
        Refusal::Task(TaskRefusal::EndedBefore {
            state: TaskState::Completed,
            ..
        })
    ));
    let list = ListStaleFences {
        id: "a".to_owned(),
        limit: 10,
    };
    assert_eq!(store.ask(list).await.unwrap(), Vec::new());
    let why = refused(store.run(complete("b", 1, 2)).await);
    assert!(matches!(why, Refusal::Task(TaskRefusal::Unknown { .. })));
}

pub(crate) async fn a_lease_that_ran_out_is_its_workers_until_taken_back(store: Arc<dyn Store>) {
    store.run(enqueue("a")).await.unwrap();
    store.run(claim("w", 0, 1)).await.unwrap();
    assert_eq!(
        store.run(ExpireLeases { now: 99, limit: 1 }).await.unwrap(),
        Vec::new()
    );
    assert_eq!(
        store.run(claim("other", 10_000, 1)).await.unwrap(),
        Vec::new()
    );
    let renew = Renew {
        id: "a".to_owned(),
        fence: 1,
        now: 10_000,
        lease_ms: 7,
    };
    assert_eq!(store.run(renew).await.unwrap(), 10_007);
    store.run(complete("a", 1, 20_000)).await.unwrap();
}

pub(crate) async fn a_clock_that_goes_back_gives_no_task_twice(store: Arc<dyn Store>) {
    store.run(enqueue("a")).await.unwrap();
    store.run(claim("w", 1_000, 1)).await.unwrap();
    for now in [0, 500, 1_099] {
        assert_eq!(
            store.run(ExpireLeases { now, limit: 10 }).await.unwrap(),
            Vec::new()
        );
        assert_eq!(store.run(claim("other", now, 1)).await.unwrap(), Vec::new());
    }
    assert_eq!(
        store
            .run(ExpireLeases {
                now: 1_100,
                limit: 10
            })
            .await
            .unwrap()
            .len(),
        1
    );
    // Claimed again by a clock that lies before the first claim: the fence grows all the same.
    let again = store.run(claim("other", 10, 1)).await.unwrap();
    assert_eq!((again[0].fence, again[0].lease_until), (2, 110));
    assert!(is_stale(
        &refused(store.run(complete("a", 1, 11)).await),
        1,
        2
    ));
    store.run(complete("a", 2, 5)).await.unwrap();
    // What is over stays over at any time.
    assert_eq!(
        store
            .run(ExpireLeases {
                now: i64::from(u32::MAX),
                limit: 10
            })
            .await
            .unwrap(),
        Vec::new()
    );
    assert_eq!(store.run(claim("w", 0, 1)).await.unwrap(), Vec::new());
}

pub(crate) async fn a_renewal_never_shortens(store: Arc<dyn Store>) {
    store.run(enqueue("a")).await.unwrap();
    store.run(claim("w", 1_000, 1)).await.unwrap();
    let renew = |now| Renew {
        id: "a".to_owned(),
        fence: 1,
        now,
        lease_ms: 100,
    };
    assert_eq!(store.run(renew(500)).await.unwrap(), 1_100);
    assert_eq!(store.run(renew(1_050)).await.unwrap(), 1_150);
    assert_eq!(get(&store, "a").await.lease_until, Some(1_150));
}

pub(crate) async fn a_cancelled_task_is_over(store: Arc<dyn Store>) {
    for id in ["a", "b"] {
        store.run(enqueue(id)).await.unwrap();
    }
    store.run(claim("w", 0, 1)).await.unwrap();
    let cancel = |id: &str| Cancel {
        id: id.to_owned(),
        reason: b"enough".to_vec(),
        now: 3,
    };
    assert_eq!(store.run(cancel("a")).await.unwrap(), Some(1));
    assert_eq!(store.run(cancel("b")).await.unwrap(), None);
    assert!(is_stale(
        &refused(store.run(complete("a", 1, 4)).await),
        1,
        1
    ));
    let why = refused(store.run(cancel("a")).await);
    assert!(matches!(
        why,
        Refusal::Task(TaskRefusal::Over {
            state: TaskState::Cancelled,
            ..
        })
    ));
    assert_eq!(store.run(claim("w", 5, 9)).await.unwrap(), Vec::new());
    assert_eq!(get(&store, "b").await.outcome, Some(b"enough".to_vec()));
}

pub(crate) async fn a_dead_task_is_over(store: Arc<dyn Store>) {
    store.run(enqueue("a")).await.unwrap();
    store.run(claim("w", 0, 1)).await.unwrap();
    store
        .run(fail("a", 1, AfterFailure::Dead, 1))
        .await
        .unwrap();
    assert_eq!(store.run(claim("w", 2, 1)).await.unwrap(), Vec::new());
    let why = refused(store.run(enqueue("a")).await);
    assert!(matches!(
        why,
        Refusal::Task(TaskRefusal::Exists {
            state: TaskState::Dead,
            ..
        })
    ));
}

pub(crate) async fn purged_tasks_are_gone(store: Arc<dyn Store>) {
    for (n, id) in ["a", "b", "c", "d"].into_iter().enumerate() {
        store.run(enqueue(id)).await.unwrap();
        if id != "d" {
            store.run(claim("w", 0, 1)).await.unwrap();
            store
                .run(complete(id, 1, 10 - i64::try_from(n).unwrap()))
                .await
                .unwrap();
        }
    }
    let why = refused(store.run(complete("a", 1, 11)).await);
    assert!(matches!(
        why,
        Refusal::Task(TaskRefusal::EndedBefore { .. })
    ));
    // The earliest first: c ended at 8, b at 9, a at 10.
    assert_eq!(
        store
            .run(PurgeTasks {
                before: 9,
                limit: 1
            })
            .await
            .unwrap(),
        1
    );
    assert_eq!(
        store.ask(GetTask { id: "c".to_owned() }).await.unwrap(),
        None
    );
    assert_eq!(
        store
            .run(PurgeTasks {
                before: 9,
                limit: 9
            })
            .await
            .unwrap(),
        1
    );
    assert_eq!(
        store
            .run(PurgeTasks {
                before: 9,
                limit: 9
            })
            .await
            .unwrap(),
        0
    );
    assert_eq!(get(&store, "a").await.state, TaskState::Completed);
    assert_eq!(get(&store, "d").await.state, TaskState::Ready);
}

pub(crate) async fn states_are_listed_and_counted(store: Arc<dyn Store>) {
    for id in ["a", "b", "c", "d"] {
        store.run(enqueue(id)).await.unwrap();
    }
    store
        .run(Enqueue {
            not_before: 9,
            ..enqueue("e")
        })
        .await
        .unwrap();
    store.run(claim("w", 0, 2)).await.unwrap();
    store.run(complete("a", 1, 1)).await.unwrap();
    let counts = |queue: &str| CountTasks {
        queue: queue.to_owned(),
    };
    let expected = TaskCounts {
        waiting: 1,
        ready: 2,
        leased: 1,
    };
    assert_eq!(store.ask(counts("q")).await.unwrap(), expected);
    assert_eq!(
        store.ask(counts("none")).await.unwrap(),
        TaskCounts::default()
    );
    let list = |state, after| ListTasks {
        queue: "q".to_owned(),
        state,
        after,
        limit: 1,
    };
    let first = store.ask(list(TaskState::Ready, 0)).await.unwrap();
    assert_eq!(first[0].id, "c");
    let second = store
        .ask(list(TaskState::Ready, first[0].seq))
        .await
        .unwrap();
    assert_eq!(second[0].id, "d");
    assert_eq!(
        store
            .ask(list(TaskState::Ready, second[0].seq))
            .await
            .unwrap(),
        Vec::new()
    );
    assert_eq!(
        store.ask(list(TaskState::Completed, 0)).await.unwrap()[0].id,
        "a"
    );
    assert_eq!(
        store.ask(list(TaskState::Leased, 0)).await.unwrap()[0]
            .worker
            .as_deref(),
        Some("w")
    );
}
