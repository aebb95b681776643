//! Answers' data, kept per watermark: as long as the slot stands still, no query is asked twice, and many who ask at
//! once wait for one query. Bounded: one snapshot for each finality.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::http::HeaderMap;
use hypernode_analytics::activity::{RecentJob, RecentNode, recent_jobs, recent_nodes};
use hypernode_analytics::definitions::{Definition, Evidence};
use hypernode_analytics::metrics::Figures;
use hypernode_analytics::validation::{MAX_RECEIPTS, Receipt, receipts};
use hypernode_analytics::{Error, Finality, Watermark};
use hypernode_warehouse::Client;
use tokio::sync::{Mutex, MutexGuard, OnceCell};

/// How long the ledger's head is believed without looking again. Slots take 400 ms.
const HEAD_AGE: Duration = Duration::from_millis(200);

/// How long it is served while somebody looks: a busy warehouse makes answers older, not slower.
const STALE: Duration = Duration::from_secs(5);
/// Pause after a look that failed.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// How often it is looked at while answers are asked for: sooner than it is doubted, so that nobody who asks has to look.
const FOLLOW: Duration = Duration::from_millis(150);
/// How long after the last question.
const FOLLOW_FOR: Duration = Duration::from_secs(30);
/// Answers that are kept whole for one slot.
const BODIES: usize = 32;

/// The data of one slot, each part fetched when first asked for.
#[derive(Debug)]
pub(crate) struct Snapshot {
    client: Client,
    pub(crate) as_of: u64,
    pub(crate) finality: Finality,
    /// When the slot was found complete, Unix milliseconds; 0 while nothing is indexed.
    pub(crate) verified_at: i64,
    /// The newest retraction: the same slot with other rows is another snapshot.
    pub(crate) retracted: u64,
    headers: OnceLock<HeaderMap>,
    figures: OnceCell<Figures>,
    receipts: OnceCell<Vec<Receipt>>,
    activity: OnceCell<(Vec<RecentJob>, Vec<RecentNode>)>,
    /// Whole answers, by route and number of receipts asked for.
    bodies: std::sync::Mutex<HashMap<(&'static str, usize), Bytes>>,
    /// By the figure's name: there are as many as definitions.
    evidence: Mutex<HashMap<&'static str, Arc<Vec<Evidence>>>>,
}

impl Snapshot {
    fn new(client: Client, watermark: &Watermark, finality: Finality) -> Self {
        Self {
            client,
            as_of: watermark.as_of(finality),
            finality,
            verified_at: watermark.verified_at,
            retracted: watermark.retracted,
            headers: OnceLock::new(),
            figures: OnceCell::new(),
            receipts: OnceCell::new(),
            activity: OnceCell::new(),
            bodies: std::sync::Mutex::default(),
            evidence: Mutex::default(),
        }
    }

    /// Fetches what was asked for of `before`; a failure shows again when it is asked for.
    async fn warm(&self, before: &Self) {
        let figures = async {
            if before.figures.initialized() {
                let _ = self.figures().await;
            }
        };
        let receipts = async {
            if before.receipts.initialized() {
                let _ = self.receipts().await;
            }
        };
        let activity = async {
            if before.activity.initialized() {
                let _ = self.activity().await;
            }
        };
        tokio::join!(figures, receipts, activity);
    }

    /// The head of its answers, made once.
    pub(crate) fn headers(&self, make: impl FnOnce() -> HeaderMap) -> &HeaderMap {
        self.headers.get_or_init(make)
    }

    /// Whether any slot is served yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.as_of == 0
    }

    pub(crate) async fn figures(&self) -> Result<&Figures, Error> {
        self.figures
            .get_or_try_init(|| Figures::load(&self.client, self.as_of))
            .await
    }

    /// The newest receipts, as many as any answer may hold.
    pub(crate) async fn receipts(&self) -> Result<&[Receipt], Error> {
        let all = self
            .receipts
            .get_or_try_init(|| receipts(&self.client, self.as_of, MAX_RECEIPTS));
        Ok(all.await?.as_slice())
    }

    /// An answer of this route that was made before.
    pub(crate) fn body(&self, route: &'static str, limit: usize) -> Option<Bytes> {
        let bodies = self.bodies.lock().unwrap_or_else(PoisonError::into_inner);
        bodies.get(&(route, limit)).cloned()
    }

    /// Keeps an answer for as long as the slot stands still; no more of them than are worth it.
    pub(crate) fn keep(&self, route: &'static str, limit: usize, body: &Bytes) {
        let mut bodies = self.bodies.lock().unwrap_or_else(PoisonError::into_inner);
        if bodies.len() < BODIES {
            bodies.insert((route, limit), body.clone());
        }
    }

    /// The newest transactions behind a figure. One is asked for at a time.
    pub(crate) async fn evidence(
        &self,
        of: &'static Definition,
    ) -> Result<Arc<Vec<Evidence>>, Error> {
        let mut all = self.evidence.lock().await;
        if let Some(known) = all.get(of.name.as_str()) {
            return Ok(Arc::clone(known));
        }
        let found = Arc::new(of.evidence(&self.client, self.as_of).await?);
        all.insert(&of.name, Arc::clone(&found));
        Ok(found)
    }

    pub(crate) async fn activity(&self) -> Result<&(Vec<RecentJob>, Vec<RecentNode>), Error> {
        self.activity
            .get_or_try_init(|| async {
                Ok((
                    recent_jobs(&self.client, self.as_of).await?,
                    recent_nodes(&self.client, self.as_of).await?,
                ))
            })
            .await
    }
}

#[derive(Debug, Default)]
struct Head {
    read_at: Option<Instant>,
    /// The last failure, so that callers who waited share it and do not each try again.
    failure: Option<Arc<Error>>,
    served: Option<Served>,
}

/// What is served, and since when that is known.
#[derive(Debug, Clone)]
struct Served {
    at: Instant,
    confirmed: Arc<Snapshot>,
    finalized: Arc<Snapshot>,
}

impl Served {
    fn of(&self, finality: Finality) -> Arc<Snapshot> {
        Arc::clone(match finality {
            Finality::Confirmed => &self.confirmed,
            Finality::Finalized => &self.finalized,
        })
    }
}

/// The current snapshots.
#[derive(Debug)]
pub(crate) struct Snapshots {
    client: Client,
    head: Mutex<Head>,
    /// The same as in `head`, for those who need not look: no lock is held while anything is waited for.
    served: std::sync::RwLock<Option<Served>>,
    confirmed_slot: AtomicU64,
    /// When an answer was last asked for: milliseconds since these were made.
    asked: AtomicU64,
    made: Instant,
    /// Somebody follows the chain for those who ask.
    followed: AtomicBool,
}

impl Snapshots {
    pub(crate) fn new(client: Client) -> Self {
        Self {
            client,
            head: Mutex::default(),
            served: std::sync::RwLock::default(),
            confirmed_slot: AtomicU64::new(0),
            asked: AtomicU64::new(0),
            made: Instant::now(),
            followed: AtomicBool::new(false),
        }
    }

    /// The confirmed slot when last looked at; asks nothing.
    pub(crate) fn last_slot(&self) -> u64 {
        self.confirmed_slot.load(Ordering::Relaxed)
    }

    /// The snapshot of the slot that is served now. An unanswered question fails for all who wait for it. While one looks for
    /// a newer slot, the others are answered from the one of before: each answer says which it is of.
    pub(crate) async fn current(
        self: &Arc<Self>,
        finality: Finality,
    ) -> Result<Arc<Snapshot>, Arc<Error>> {
        self.follow();
        if let Some(served) = self.served_within(HEAD_AGE, finality) {
            return Ok(served);
        }
        let head = match self.head.try_lock() {
            Ok(head) => head,
            Err(_) => match self.served_within(STALE, finality) {
                Some(served) => return Ok(served),
                None => self.head.lock().await,
            },
        };
        // Boxed: most who ask need not look, and pay for their size.
        let head = Box::pin(self.look(head, HEAD_AGE)).await;
        match (&head.failure, &head.served) {
            (Some(failure), _) => Err(Arc::clone(failure)),
            (None, Some(served)) => Ok(served.of(finality)),
            (None, None) => Ok(Arc::new(self.empty(finality))),
        }
    }

    /// What is served, if that is known to be so for no longer than `age`.
    fn served_within(&self, age: Duration, finality: Finality) -> Option<Arc<Snapshot>> {
        let served = self.served.read().unwrap_or_else(PoisonError::into_inner);
        let served = served.as_ref().filter(|served| served.at.elapsed() <= age);
        served.map(|served| served.of(finality))
    }

    /// Milliseconds since these were made.
    fn now(&self) -> u64 {
        u64::try_from(self.made.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Sees to it that somebody follows the chain for a while.
    fn follow(self: &Arc<Self>) {
        self.asked.store(self.now(), Ordering::Relaxed);
        if self.followed.load(Ordering::Relaxed) || self.followed.swap(true, Ordering::AcqRel) {
            return;
        }
        let followed = Arc::downgrade(self);
        tokio::spawn(async move {
            let mut pause = FOLLOW;
            loop {
                tokio::time::sleep(pause).await;
                let Some(snapshots) = followed.upgrade().filter(|all| all.is_asked()) else {
                    return;
                };
                let head = snapshots.head.lock().await;
                let head = snapshots.look(head, FOLLOW).await;
                pause = if head.failure.is_some() {
                    AFTER_FAILURE
                } else {
                    FOLLOW
                };
            }
        });
    }

    /// Whether an answer was asked for not long ago; if not, nobody follows from now on: the next who asks begins anew.
    fn is_asked(&self) -> bool {
        let idle = self
            .now()
            .saturating_sub(self.asked.load(Ordering::Relaxed));
        let asked = Duration::from_millis(idle) < FOLLOW_FOR;
        if !asked {
            self.followed.store(false, Ordering::Release);
        }
        asked
    }

    /// Reads the watermark if it was last read longer than `age` ago.
    async fn look<'head>(
        &self,
        mut head: MutexGuard<'head, Head>,
        age: Duration,
    ) -> MutexGuard<'head, Head> {
        if head.read_at.is_none_or(|at| at.elapsed() > age) {
            let read = Watermark::load(&self.client).await;
            head.read_at = Some(Instant::now());
            match read {
                Ok(watermark) => self.serve(&mut head, &watermark).await,
                Err(error) => {
                    if head.failure.is_none() {
                        tracing::warn!(%error, "no figures can be served");
                    }
                    head.failure = Some(Arc::new(error));
                    *self.served.write().unwrap_or_else(PoisonError::into_inner) = None;
                }
            }
        }
        head
    }

    async fn serve(&self, head: &mut Head, watermark: &Watermark) {
        let before = head.served.take();
        let [confirmed, finalized] = [Finality::Confirmed, Finality::Finalized].map(|finality| {
            let before = before.as_ref().map(|before| before.of(finality));
            self.renewed(before, watermark, finality)
        });
        if let Some(before) = &before {
            // What was asked for of the slot before will be asked for again: nobody waits for it then.
            confirmed.warm(&before.confirmed).await;
            finalized.warm(&before.finalized).await;
        }
        let served = Served {
            at: Instant::now(),
            confirmed,
            finalized,
        };
        self.confirmed_slot
            .store(watermark.as_of(Finality::Confirmed), Ordering::Relaxed);
        head.failure = None;
        head.served = Some(served.clone());
        *self.served.write().unwrap_or_else(PoisonError::into_inner) = Some(served);
    }

    /// The snapshot of a warehouse in which nothing is served yet.
    pub(crate) fn empty(&self, finality: Finality) -> Snapshot {
        Snapshot::new(self.client.clone(), &Watermark::default(), finality)
    }

    fn renewed(
        &self,
        before: Option<Arc<Snapshot>>,
        watermark: &Watermark,
        finality: Finality,
    ) -> Arc<Snapshot> {
        let stands = before.filter(|old| {
            (old.as_of, old.retracted) == (watermark.as_of(finality), watermark.retracted)
        });
        stands.unwrap_or_else(|| Arc::new(Snapshot::new(self.client.clone(), watermark, finality)))
    }
}
