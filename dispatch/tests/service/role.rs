//! One dispatcher of a store; the secrets of days; decisions on paper.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::time::Duration;

use hypernode_dispatch::days::{DAY_MS, Days};
use hypernode_dispatch::ids::{JobId, NodeId};
use hypernode_dispatch::job::Manner;
use hypernode_dispatch::key::{Key, verifies};
use hypernode_dispatch::matching::Receipt;
use hypernode_dispatch::matching::seed::DaySecret;
use hypernode_dispatch::paper::{Explained, Paper};
use hypernode_dispatch::service::{ServiceError, Setup, keep_at_work, start};
use hypernode_state::jobs::CountJobs;
use hypernode_state::{SqliteStore, StoreError, StoreExt};
use tokio_util::sync::CancellationToken;

use crate::support::{facts, order, setup, store};

fn held(store: Arc<SqliteStore>, holder: &str) -> Setup {
    Setup {
        holder: Some(holder.to_owned()),
        ..setup(store)
    }
}

async fn jobs(store: &SqliteStore) -> u64 {
    let counts = store.ask(CountJobs { owner: None }).await;
    counts.expect("counts").0.iter().sum()
}

#[tokio::test]
async fn a_store_has_one_dispatcher_and_who_lost_it_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store(folder.path());
    let (first, work) = start(held(store.clone(), "one")).await.expect("starts");
    let first_work = tokio::spawn(work);
    first.submit(order(1)).await.expect("accepted");

    let other = start(held(store.clone(), "two")).await.err();
    let Some(ServiceError::Elsewhere { holder }) = other else {
        panic!("{other:?}");
    };
    assert_eq!(holder, "one");

    // I-50. The same again, as after a kill: at once, and the first one is out.
    let (second, work) = start(held(store.clone(), "one")).await.expect("starts");
    let second_work = tokio::spawn(work);
    assert!(first.submit(order(2)).await.is_err());
    let ended = first_work.await.expect("no panic");
    assert!(
        matches!(ended, Err(ServiceError::Store(StoreError::Refused { .. }))),
        "{ended:?}"
    );
    assert_eq!(jobs(&store).await, 1, "what it had taken in left no trace");
    second.submit(order(3)).await.expect("accepted");
    assert_eq!(jobs(&store).await, 2);

    // One that ends in order gives it back.
    drop(second);
    second_work.await.expect("no panic").expect("in order");
    drop(start(held(store, "two")).await.expect("starts"));
}

#[tokio::test]
async fn days_are_committed_to_ahead_turned_at_midnight_and_told_when_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = store(folder.path());
    let day = 20_500_u32;
    let midnight = i64::from(day + 1) * DAY_MS;
    let time = Arc::new(AtomicI64::new(midnight - 300));
    let now = time.clone();
    let clock: hypernode_dispatch::service::Clock = Arc::new(move || now.load(SeqCst));
    let days = Days::open(store.clone(), clock.clone())
        .await
        .expect("days");
    let again = Days::open(store.clone(), clock.clone())
        .await
        .expect("days");
    assert_eq!(days.secret(), again.secret(), "made once");

    let key = Key::open(folder.path()).expect("a key");
    let (secrets, signer, kept, ticking) =
        (days.clone(), key.signer(), store.clone(), clock.clone());
    let (center, work) = keep_at_work(move || Setup {
        secret: secrets.secret(),
        signer: signer.clone(),
        clock: ticking.clone(),
        ..held(kept.clone(), "one")
    });
    let work = tokio::spawn(work);
    let stop = CancellationToken::new();
    let (following, found, until) = (days.clone(), center.clone(), stop.clone());
    let follow = tokio::spawn(async move { following.follow(found, until).await });
    let mut center = center;
    let dispatch = center.wait().await.expect("a dispatcher");
    let connected = dispatch.connect(facts(1, 9), Manner::Renewed).await;
    let _frames = connected.expect("connected");
    let paper = Paper::new(store.clone(), days.clone(), &key);

    let today = explained(&paper, &dispatch, 1, midnight - 300).await;
    assert_eq!(today.0.day, day);
    assert_eq!(today.1, None, "its day is not over");
    let told = paper.days(5).await.expect("days");
    let listed: Vec<_> = told.iter().map(|d| (d.day, d.secret.is_some())).collect();
    assert_eq!(listed, [(day + 1, false), (day, false)]);
    assert!(told[0].is_ahead() && !told[1].is_ahead());
    assert_eq!(told[1].commitment.0, today.0.commitment.0);

    time.store(midnight + 5, SeqCst);
    tokio::time::timeout(Duration::from_secs(20), async {
        while days.secret().day() == day || paper.days(5).await.expect("days").len() < 3 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("turned");
    let tomorrow = explained(&paper, &dispatch, 2, midnight).await;
    assert_eq!((tomorrow.0.day, tomorrow.1), (day + 1, None));
    assert_eq!(
        tomorrow.0.commitment.0, told[0].commitment.0,
        "as committed to"
    );

    // I-51. The day is over: its secret is what was committed to, and the decision follows from it.
    let (receipt, secret) = explained(&paper, &dispatch, 1, midnight).await;
    let secret = DaySecret::new(day, secret.expect("told"));
    assert_eq!(secret.commitment().0, receipt.commitment.0);
    receipt.replay(Some(&secret)).expect("I-47");
    let told = paper.days(5).await.expect("days");
    let secrets: Vec<_> = told.iter().map(|d| (d.day, d.secret)).collect();
    assert_eq!(
        secrets,
        [
            (day + 2, None),
            (day + 1, None),
            (day, Some(secret.reveal()))
        ]
    );
    assert_eq!(
        paper
            .explain(JobId::uuid(99), None)
            .await
            .expect("read")
            .map(|e| e.key),
        None
    );
    stop.cancel();
    follow.await.expect("no panic");
    work.abort();
}

/// Submits the job if it is new, and reads its first decision: the receipt, which is signed, and its day's secret.
async fn explained(
    paper: &Paper,
    dispatch: &hypernode_dispatch::service::Dispatch,
    number: u128,
    at: i64,
) -> (Receipt, Option<[u8; 32]>) {
    let job = JobId::uuid(number);
    let started = std::time::Instant::now();
    let mut order = order(number);
    order.submission.terms.submitted_at = at;
    let _ = dispatch.submit(order).await;
    // The offer comes in a step of its own.
    let told: Explained = loop {
        assert!(started.elapsed() < Duration::from_secs(20), "no decision");
        let told = paper
            .explain(job, None)
            .await
            .expect("read")
            .expect("a job");
        if !told.decisions.is_empty() {
            break told;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    let signed = &told.decisions[0];
    let bytes = signed.receipt.get().as_bytes();
    let mut signature = [0; 64];
    bs58::decode(&signed.signature)
        .onto(&mut signature)
        .expect("base58");
    assert!(verifies(&told.key, bytes, &signature));
    let receipt: Receipt = serde_json::from_slice(bytes).expect("a receipt");
    assert_eq!(receipt.bytes().expect("bytes"), bytes);
    assert_eq!(receipt.chosen, NodeId::uuid(1));
    let mut secret = [0; 32];
    let found = signed.secret.as_ref().map(|text| {
        hex::decode_to_slice(text, &mut secret).expect("hex");
        secret
    });
    (receipt, found)
}
