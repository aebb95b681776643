//! A job's whole way: submitted, matched, offered, taken, completed and credited, each step on disk before it is told.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use hypernode_state::sqlite::{Options, SqliteStore};
use hypernode_state::{Address, Digest, OpenError};
use tokio::task::JoinSet;

use crate::board::{Config, Submission};
use crate::ids::{JobId, NodeId};
use crate::job::{Manner, Outcome, Pay, Terms};
use crate::matching::seed::DaySecret;
use crate::matching::{Needs, NodeFacts, Runs};
use crate::service::{Dispatch, DispatchError, Order, ServiceError, Setup, Told, start};

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathRegime {
    /// Jobs.
    pub jobs: u32,
    /// Hosts that take offers and complete at once.
    pub hosts: u32,
    /// Jobs that a host runs at a time.
    pub slots: u16,
    /// Who submits at once; each waits until its job is on disk before it sends the next.
    pub submitters: u32,
}

impl Default for PathRegime {
    fn default() -> Self {
        Self {
            jobs: 100_000,
            hosts: 100,
            slots: 16,
            submitters: 512,
        }
    }
}

/// What was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Paths {
    /// Jobs per second, from the first submission to the last credit.
    pub per_second: f64,
    /// Half of the submissions were on disk within so many ms.
    pub submit_p50_ms: f64,
    /// 99 of a hundred.
    pub submit_p99_ms: f64,
}

/// Why there are no figures.
#[derive(Debug, thiserror::Error)]
pub enum PathError {
    /// The store did not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The dispatcher failed.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// It refused a request of ours.
    #[error(transparent)]
    Refused(#[from] DispatchError),
    /// A task of ours failed.
    #[error("a task failed: {0}")]
    Task(#[from] tokio::task::JoinError),
}

/// Measures in the folder `path`, on whose disk the figures depend.
///
/// # Errors
/// [`PathError`].
pub async fn paths(path: &Path, regime: PathRegime) -> Result<Paths, PathError> {
    let file = path.join("dispatch.db");
    let opened = tokio::task::spawn_blocking(|| SqliteStore::open(file, Options::default()));
    let store = Arc::new(opened.await??);
    let clock = || {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        now.as_millis().try_into().unwrap_or(i64::MAX)
    };
    let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    let sign = move |bytes: &[u8]| ed25519_dalek::Signer::sign(&key, bytes).to_bytes();
    let setup = Setup {
        config: Config {
            most_open: u32::MAX,
            most_running: u32::MAX,
            ..Config::default()
        },
        store,
        holder: None,
        figures: Arc::default(),
        results: Arc::default(),
        secret: DaySecret::new(0, [1; 32]),
        signer: Arc::new(sign),
        clock: Arc::new(clock),
    };
    let (dispatch, work) = start(setup).await?;
    let work = tokio::spawn(work);
    let began = Instant::now();
    let mut hosts = JoinSet::new();
    for n in 0..regime.hosts {
        hosts.spawn(host(dispatch.clone(), n, regime.slots));
    }
    let mut submitters = JoinSet::new();
    for n in 0..regime.submitters {
        let jobs = (n..regime.jobs).step_by(regime.submitters as usize);
        submitters.spawn(submitter(dispatch.clone(), n, jobs.collect(), clock));
    }
    let mut took = Vec::new();
    while let Some(done) = submitters.join_next().await {
        took.extend(done??);
    }
    // The hosts end when all that was submitted is done: then nothing is told them any more.
    let mut completed = 0;
    while completed < regime.jobs {
        tokio::time::sleep(Duration::from_millis(1)).await;
        completed = DONE.load(std::sync::atomic::Ordering::Relaxed);
    }
    let total = began.elapsed();
    DONE.store(0, std::sync::atomic::Ordering::Relaxed);
    hosts.abort_all();
    while hosts.join_next().await.is_some() {}
    drop(dispatch);
    work.await??;
    took.sort_unstable();
    let at = |share: f64| {
        let place = (took.len() as f64 * share) as usize;
        let place = place.min(took.len().saturating_sub(1));
        took.get(place)
            .map_or(0.0, |t: &Duration| t.as_secs_f64() * 1000.0)
    };
    Ok(Paths {
        per_second: f64::from(regime.jobs) / total.as_secs_f64(),
        submit_p50_ms: at(0.5),
        submit_p99_ms: at(0.99),
    })
}

/// Jobs whose completion was acknowledged.
static DONE: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);

async fn host(dispatch: Dispatch, number: u32, slots: u16) -> Result<(), DispatchError> {
    let node = NodeId::uuid(u128::from(number) + 1);
    let facts = NodeFacts {
        id: node,
        owner: Address([number as u8; 32]),
        online: true,
        model: "NVIDIA GeForce RTX 4090".to_owned(),
        vram_mb: 24_576,
        capabilities: Vec::new(),
        reputation: 300 + (number % 600) as u16,
        evidence: 100,
        stake: 0,
        completed: 0,
        failed: 0,
        rtt_ms: 10 + number % 90,
        ask: 9_000 + u64::from(number) * 10,
        slots,
        running: 0,
        sandboxed: false,
        runs: Runs::Manifests,
    };
    let mut told = dispatch.connect(facts, Manner::Renewed).await?;
    // Each answer waits for the disk: a slot does not wait for the others.
    while let Some(told) = told.recv().await {
        let dispatch = dispatch.clone();
        tokio::spawn(async move {
            match told {
                Told::Offer { job, fence, .. } => {
                    let _ = dispatch.accept(node, job, fence).await;
                }
                Told::Run { job, fence, .. } => {
                    let outcome = Outcome::Completed;
                    let kept = b"{\"result\":null}".to_vec();
                    if dispatch
                        .ended(node, job, Some(fence), outcome, kept)
                        .await
                        .is_ok()
                    {
                        DONE.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    }
                }
                Told::Withdraw { .. } | Told::Stop { .. } => {}
            }
        });
    }
    Ok(())
}

async fn submitter(
    dispatch: Dispatch,
    number: u32,
    jobs: Vec<u32>,
    clock: impl Fn() -> i64,
) -> Result<Vec<Duration>, DispatchError> {
    let mut took = Vec::new();
    for job in jobs {
        let began = Instant::now();
        let terms = Terms {
            owner: Address([number as u8; 32]),
            submitted_at: clock(),
            max_duration_s: 60,
            max_retries: 3,
            priority: 5,
            pay: Pay::UpTo(1_000_000),
        };
        let submission = Submission {
            id: JobId::uuid(u128::from(job) + 1),
            terms,
            needs: Needs::default(),
            content: Digest([job as u8; 32]),
            nonce: Vec::new(),
            waits: false,
            key: None,
        };
        let order = Order {
            submission,
            kind: "generic_compute".to_owned(),
            content: vec![b' '; 400],
            beside: Vec::new(),
        };
        dispatch.submit(order).await?;
        took.push(began.elapsed());
    }
    Ok(took)
}
