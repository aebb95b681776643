//! Results are judged by their type, and a sample of runs is made again elsewhere.

use std::sync::Arc;
use std::time::Duration;

use hypernode_dispatch::board::Record;
use hypernode_dispatch::ids::{JobId, NodeId};
use hypernode_dispatch::job::{Fault, Manner, Outcome, Pay, State};
use hypernode_dispatch::matching::NodeFacts;
use hypernode_dispatch::outcome::{Kept, Verdict};
use hypernode_dispatch::recheck::{OWNER, Recheck};
use hypernode_dispatch::service::facts::{Fact, Rechecked};
use hypernode_dispatch::service::{Dispatch, TOPIC, Told, keep_at_work, start};
use hypernode_state::credits::GetCredit;
use hypernode_state::jobs::GetJob;
use hypernode_state::outbox::ReadOutbox;
use hypernode_state::{Address, SqliteStore, StoreExt};
use tokio::sync::mpsc::Receiver;
use tokio_util::sync::CancellationToken;

use crate::support::{facts, now, order, setup, store};

/// The node's next offer, taken.
async fn take(dispatch: &Dispatch, node: NodeId, frames: &mut Receiver<Told>) -> (JobId, u32) {
    let mut taken = None;
    loop {
        let told = tokio::time::timeout(Duration::from_secs(20), frames.recv()).await;
        match told.expect("in time").expect("connected") {
            Told::Offer { job, fence, .. } => {
                dispatch.accept(node, job, fence).await.expect("accepted");
                taken = Some((job, fence));
            }
            Told::Run { .. } => {
                // What takes no time costs nothing, and is not credited.
                tokio::time::sleep(Duration::from_millis(3)).await;
                return taken.expect("offered first");
            }
            _ => {}
        }
    }
}

async fn whole(store: &SqliteStore, job: JobId) -> (Record, Kept) {
    let get = GetJob {
        id: job.to_string(),
        content: false,
        outcome: true,
    };
    let whole = store.ask(get).await.expect("read").expect("a job");
    let record = serde_json::from_slice(&whole.job.record).expect("a record");
    (record, Kept::read(&whole.outcome.unwrap_or_default()))
}

async fn told(store: &SqliteStore) -> Vec<Fact> {
    let read = ReadOutbox {
        topic: TOPIC.to_owned(),
        after: 0,
        limit: 1_000,
    };
    let messages = store.ask(read).await.expect("read");
    let facts = messages.iter().map(|m| serde_json::from_slice(&m.payload));
    facts.map(|fact| fact.expect("a fact")).collect()
}

#[tokio::test]
async fn what_a_replayed_job_returns_is_judged_like_the_first_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store(folder.path());
    let (dispatch, work) = start(setup(store.clone())).await.expect("starts");
    tokio::spawn(work);
    let job = dispatch.submit(order(1)).await.expect("accepted");
    let node = NodeId::uuid(1);
    let connected = dispatch.connect(facts(1, 1), Manner::Renewed).await;
    let mut frames = connected.expect("connected");
    let (_, fence) = take(&dispatch, node, &mut frames).await;
    let failed = Outcome::Failed(Fault::Permanent);
    let ended = dispatch.ended(node, job, Some(fence), failed, b"{}".to_vec());
    ended.await.expect("heard");
    let (record, _) = whole(&store, job).await;
    assert!(record.job.is_over());
    let get = GetJob {
        id: job.to_string(),
        content: false,
        outcome: false,
    };
    let kept = store.ask(get).await.expect("read").expect("a job").job;
    let replayed = dispatch.replay(record, kept.version, &kept.kind);
    replayed.await.expect("replayed");

    let (_, fence) = take(&dispatch, node, &mut frames).await;
    let wrong = br#"{"result":{"text":7},"logs":"done"}"#.to_vec();
    let ended = dispatch.ended(node, job, Some(fence), Outcome::Completed, wrong);
    ended.await.expect("heard");
    let (record, kept) = whole(&store, job).await;
    assert!(
        !matches!(record.job.state, State::Completed { .. }),
        "{:?}",
        record.job.state
    );
    assert!(kept.error.is_some_and(|why| why.contains("/text")));
}

#[tokio::test]
async fn a_result_that_cannot_be_one_is_the_job_s_failure_and_is_not_paid() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store(folder.path());
    let (dispatch, work) = start(setup(store.clone())).await.expect("starts");
    tokio::spawn(work);
    let job = dispatch.submit(order(1)).await.expect("accepted");
    let node = NodeId::uuid(1);
    let connected = dispatch.connect(facts(1, 1), Manner::Renewed).await;
    let mut frames = connected.expect("connected");

    let (_, fence) = take(&dispatch, node, &mut frames).await;
    let wrong = br#"{"result":{"text":7},"logs":"done"}"#.to_vec();
    let ended = dispatch.ended(node, job, Some(fence), Outcome::Completed, wrong);
    ended.await.expect("heard");
    let (record, kept) = whole(&store, job).await;
    assert!(
        matches!(record.job.state, State::Queued { .. }),
        "{record:?}"
    );
    let why = kept.error.expect("why");
    assert!(why.contains("/text"), "{why}");
    assert_eq!(kept.logs, "done");
    let missed = told(&store)
        .await
        .into_iter()
        .filter_map(|fact| match fact {
            Fact::Missed(missed) => Some((missed.fence, missed.missed)),
            _ => None,
        });
    assert_eq!(missed.collect::<Vec<_>>(), [(fence, Fault::Job)]);

    // The same node may have it again after a while, and one that returns something else is paid.
    let (_, again) = take(&dispatch, node, &mut frames).await;
    let right = br#"{"result":{"text":"42"}}"#.to_vec();
    let ended = dispatch.ended(node, job, Some(again), Outcome::Completed, right);
    ended.await.expect("heard");
    let credit = store.ask(GetCredit {
        job: job.to_string(),
    });
    let credit = credit.await.expect("read").expect("a credit");
    assert_eq!(credit.fence, again);
}

#[tokio::test]
async fn a_second_run_goes_to_another_owner_for_nobody_s_money_and_its_outcome_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store(folder.path());
    let kept = store.clone();
    let (mut center, work) = keep_at_work(move || setup(kept.clone()));
    let work = tokio::spawn(work);
    let recheck = Recheck {
        store: store.clone(),
        center: center.clone(),
        clock: Arc::new(now),
        permille: 1_000,
    };
    let stop = CancellationToken::new();
    let following = tokio::spawn(recheck.run(stop.clone()));
    let dispatch = center.wait().await.expect("a dispatcher");

    let (first, second) = (NodeId::uuid(1), NodeId::uuid(2));
    let mut frames = dispatch
        .connect(facts(1, 4), Manner::Renewed)
        .await
        .expect("connected");
    let results = [
        &br#"{"result":{"a":1,"b":2}}"#[..],
        br#"{"result":{"a":1}}"#,
        b"{}",
    ];
    let mut jobs = Vec::new();
    for (n, result) in (1..).zip(results) {
        dispatch.submit(order(n)).await.expect("accepted");
        let (job, fence) = take(&dispatch, first, &mut frames).await;
        assert_eq!(job, JobId::uuid(n), "no second run comes to the same owner");
        let ended = dispatch.ended(first, job, Some(fence), Outcome::Completed, result.to_vec());
        ended.await.expect("heard");
        jobs.push(job);
    }
    let other = NodeFacts {
        owner: Address([8; 32]),
        ..facts(2, 1)
    };
    let mut others = dispatch
        .connect(other, Manner::Renewed)
        .await
        .expect("connected");
    for _ in &jobs {
        let (copy, fence) = take(&dispatch, second, &mut others).await;
        let (record, _) = whole(&store, copy).await;
        assert_eq!(
            (record.job.terms.owner, record.job.terms.pay),
            (OWNER, Pay::Nothing)
        );
        let same = br#"{"result":{"b":2,"a":1}}"#.to_vec();
        let ended = dispatch.ended(second, copy, Some(fence), Outcome::Completed, same);
        ended.await.expect("heard");
        let credit = store.ask(GetCredit {
            job: copy.to_string(),
        });
        assert_eq!(credit.await.expect("read"), None);
    }
    let rechecked = tokio::time::timeout(Duration::from_secs(20), async {
        loop {
            let told = told(&store)
                .await
                .into_iter()
                .filter_map(|fact| match fact {
                    Fact::Rechecked(rechecked) => Some(rechecked),
                    _ => None,
                });
            let told: Vec<Rechecked> = told.collect();
            if told.len() == jobs.len() {
                return told;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let rechecked = rechecked.await.expect("in time");
    let of = |job: JobId| rechecked.iter().find(|one| one.job == job).expect("told");
    let verdicts: Vec<Verdict> = jobs.iter().map(|job| of(*job).rechecked).collect();
    assert_eq!(
        verdicts,
        [Verdict::Equal, Verdict::Different, Verdict::Undecidable]
    );
    assert_eq!(
        (of(jobs[0]).node, of(jobs[0]).second),
        (Some(first), Some(second))
    );
    stop.cancel();
    following.await.expect("no panic");
    work.abort();
}
