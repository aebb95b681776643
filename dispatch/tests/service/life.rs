//! Jobs from submission to credit, and what lies in the store then.

use std::time::Duration;

use ed25519_dalek::Signature;
use hypernode_dispatch::board::{Denied, Record};
use hypernode_dispatch::ids::{JobId, NodeId};
use hypernode_dispatch::job::{By, Fault, Manner, Outcome, Refusal, State};
use hypernode_dispatch::matching::{Needs, Receipt};
use hypernode_dispatch::service::facts::{Fact, Step};
use hypernode_dispatch::service::{Dispatch, DispatchError, TOPIC, Told, code, start};
use hypernode_state::budgets::Reserved;
use hypernode_state::credits::{Earned, Earner, GetCredit};
use hypernode_state::jobs::{GetJob, JobWhole};
use hypernode_state::outbox::{ReadOutbox, StartAt, Subscribe};
use hypernode_state::receipts::GetReceipts;
use hypernode_state::{Address, SqliteStore, StoreExt};
use tokio::sync::mpsc::Receiver;

use crate::support::{facts, key, order, secret, setup, store};

async fn told(frames: &mut Receiver<Told>) -> Told {
    let told = tokio::time::timeout(Duration::from_secs(20), frames.recv()).await;
    told.expect("in time").expect("connected")
}

async fn kept(store: &SqliteStore, job: JobId) -> JobWhole {
    let id = job.to_string();
    let whole = store.ask(GetJob {
        id,
        content: true,
        outcome: true,
    });
    whole.await.expect("an answer").expect("a job")
}

fn record(whole: &JobWhole) -> Record {
    serde_json::from_slice(&whole.job.record).expect("a record")
}

/// The node's next offer, taken; the lease's fence.
async fn take(dispatch: &Dispatch, node: NodeId, frames: &mut Receiver<Told>) -> (JobId, u32) {
    let Told::Offer { job, fence, .. } = told(frames).await else {
        panic!("an offer comes first");
    };
    dispatch.accept(node, job, fence).await.expect("accepted");
    assert!(matches!(told(frames).await, Told::Run { .. }));
    (job, fence)
}

#[tokio::test]
async fn a_job_is_matched_run_and_paid_and_all_of_it_is_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store(folder.path());
    let subscribe = Subscribe {
        topic: TOPIC.to_owned(),
        consumer: "test".to_owned(),
        from: StartAt::Oldest,
    };
    store.run(subscribe).await.expect("subscribed");
    let (dispatch, work) = start(setup(store.clone())).await.expect("starts");
    let work = tokio::spawn(work);
    let job = dispatch.submit(order(1)).await.expect("accepted");
    let whole = kept(&store, job).await;
    assert_eq!(whole.content.as_deref(), Some(&b"{\"number\":1}"[..]));
    assert!(whole.job.open && whole.job.state == code(&record(&whole).job.state));
    let owner = Address([3; 32]);
    let reserved = store.ask(Reserved { owner }).await.expect("an answer");
    assert_eq!(reserved.reserved, 1_000_000);

    let node = NodeId::uuid(1);
    let connected = dispatch.connect(facts(1, 1), Manner::Renewed).await;
    let mut frames = connected.expect("connected");
    let (given, fence) = take(&dispatch, node, &mut frames).await;
    assert_eq!((given, fence), (job, 1));
    let stale = dispatch
        .ended(node, job, Some(7), Outcome::Completed, Vec::new())
        .await;
    let Err(DispatchError::Denied(Denied::Job(Refusal::Stale { now: 1 }))) = stale else {
        panic!("{stale:?}");
    };
    // What takes no time costs nothing, and is not credited.
    tokio::time::sleep(Duration::from_millis(3)).await;
    let outcome = b"{\"result\":42}".to_vec();
    let ended = dispatch
        .ended(node, job, Some(1), Outcome::Completed, outcome.clone())
        .await;
    ended.expect("completed");
    let again = dispatch
        .ended(node, job, Some(1), Outcome::Completed, Vec::new())
        .await;
    assert!(
        matches!(again, Err(DispatchError::Denied(Denied::UnknownJob))),
        "{again:?}"
    );

    let whole = kept(&store, job).await;
    assert_eq!(whole.outcome, Some(outcome));
    assert!(!whole.job.open);
    let State::Completed { cost, .. } = record(&whole).job.state else {
        panic!("{:?}", record(&whole).job.state);
    };
    let credit = store
        .ask(GetCredit {
            job: job.to_string(),
        })
        .await
        .expect("an answer");
    let credit = credit.expect("a credit");
    assert_eq!(
        (credit.cost, credit.fence, credit.wallet),
        (cost, 1, Address([9; 32]))
    );
    let by = Earner::Node(node.to_string());
    let earned = store.ask(Earned { by }).await.expect("an answer");
    assert_eq!((earned.credits, earned.cost), (1, cost));
    let reserved = store.ask(Reserved { owner }).await.expect("an answer");
    assert_eq!((reserved.reserved, reserved.open), (0, 0));

    // The decision is on paper, signed, and comes out the same when it is made again.
    let receipts = GetReceipts {
        job: job.to_string(),
        after: None,
        limit: 10,
    };
    let receipts = store.ask(receipts).await.expect("an answer");
    assert_eq!(receipts.len(), 1);
    let signature = Signature::from_bytes(&receipts[0].signature);
    key()
        .verify_strict(&receipts[0].receipt, &signature)
        .expect("our signature");
    let receipt: Receipt = serde_json::from_slice(&receipts[0].receipt).expect("a receipt");
    assert_eq!(receipt.replay(Some(&secret())), Ok(()));
    assert_eq!(receipt.chosen, node);

    // The warehouse is told of each step.
    let read = ReadOutbox {
        topic: TOPIC.to_owned(),
        after: 0,
        limit: 100,
    };
    let messages = store.ask(read).await.expect("an answer");
    let facts: Vec<Fact> = messages
        .iter()
        .map(|m| serde_json::from_slice(&m.payload).expect("a fact"))
        .collect();
    let states: Vec<&State> = facts
        .iter()
        .filter_map(|fact| match fact {
            Fact::Changed(changed) => Some(&changed.state),
            _ => None,
        })
        .collect();
    assert!(
        matches!(
            states[..],
            [
                State::Queued { .. },
                State::Offered { .. },
                State::Leased(_),
                State::Completed { .. }
            ]
        ),
        "{states:?}"
    );
    let Fact::Changed(first) = &facts[0] else {
        panic!("{facts:?}");
    };
    assert_eq!(first.kind.as_deref(), Some("llm_inference"));
    let steps = facts.iter().filter_map(|fact| match fact {
        Fact::Changed(changed) => Some(changed.steps.clone()),
        _ => None,
    });
    let steps: Vec<Step> = steps.flatten().collect();
    let fence = 1;
    assert_eq!(
        steps,
        [Step::Offered { node, fence }, Step::Run { node, fence }]
    );
    // I-43: what was refused is recorded, once.
    let refused = facts.iter().filter_map(|fact| match fact {
        Fact::Refused(refused) => Some((refused.fence, refused.refused)),
        _ => None,
    });
    assert_eq!(refused.collect::<Vec<_>>(), [(7, 1)]);
    drop((dispatch, frames));
    work.await.expect("ends").expect("in order");
}

#[tokio::test]
async fn a_lost_node_s_job_goes_to_another_and_a_dead_one_can_be_replayed() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store(folder.path());
    let (dispatch, work) = start(setup(store.clone())).await.expect("starts");
    tokio::spawn(work);
    let job = dispatch.submit(order(1)).await.expect("accepted");
    let first = NodeId::uuid(1);
    let mut frames = dispatch
        .connect(facts(1, 1), Manner::Renewed)
        .await
        .expect("connected");
    take(&dispatch, first, &mut frames).await;
    dispatch.down(first).await.expect("down");
    let second = NodeId::uuid(2);
    let mut frames = dispatch
        .connect(facts(2, 1), Manner::Renewed)
        .await
        .expect("connected");
    let (given, fence) = take(&dispatch, second, &mut frames).await;
    assert_eq!((given, fence), (job, 2));
    let outcome = Outcome::Failed(Fault::Permanent);
    dispatch
        .ended(second, job, Some(2), outcome, b"logs".to_vec())
        .await
        .expect("failed");
    let whole = kept(&store, job).await;
    assert!(matches!(record(&whole).job.state, State::Failed { .. }));
    dispatch
        .replay(record(&whole), whole.job.version, &whole.job.kind)
        .await
        .expect("replayed");
    let (_, fence) = take(&dispatch, second, &mut frames).await;
    assert_eq!(fence, 3);
    let owner = Address([3; 32]);
    let reserved = store.ask(Reserved { owner }).await.expect("an answer");
    assert_eq!(reserved.reserved, 1_000_000, "set aside again");
    dispatch
        .cancel(job, By::Owner, true)
        .await
        .expect("cancelled");
    assert!(matches!(
        told(&mut frames).await,
        Told::Stop { fence: 3, .. }
    ));
}

#[tokio::test]
async fn a_job_waits_for_its_input() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store(folder.path());
    let (dispatch, work) = start(setup(store.clone())).await.expect("starts");
    tokio::spawn(work);
    let mut frames = dispatch
        .connect(facts(1, 1), Manner::Renewed)
        .await
        .expect("connected");
    let mut waits = order(1);
    waits.submission.waits = true;
    let job = dispatch.submit(waits).await.expect("accepted");
    dispatch
        .arrived(job, Needs::default(), b"the input".to_vec())
        .await
        .expect("arrived");
    let whole = kept(&store, job).await;
    assert_eq!(whole.content.as_deref(), Some(&b"the input"[..]));
    take(&dispatch, NodeId::uuid(1), &mut frames).await;
    let twice = dispatch.arrived(job, Needs::default(), Vec::new()).await;
    assert!(matches!(twice, Err(DispatchError::Denied(_))));
}

#[tokio::test]
async fn hundreds_of_jobs_at_once_fit_into_units() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store(folder.path());
    let (dispatch, work) = start(setup(store.clone())).await.expect("starts");
    tokio::spawn(work);
    let submitted = (1..=1_500).map(|n| {
        let dispatch = dispatch.clone();
        async move { dispatch.submit(order(n)).await }
    });
    futures::future::try_join_all(submitted)
        .await
        .expect("all accepted");
    let owner = Address([3; 32]);
    let reserved = store.ask(Reserved { owner }).await.expect("an answer");
    assert_eq!(reserved.reserved, 1_500 * 1_000_000);
}
