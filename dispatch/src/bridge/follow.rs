//! The task that follows the index and keeps our jobs as the chain has them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use hypernode_analytics::Error;
use hypernode_analytics::chain_jobs::{MAX_JOBS, OnChain};
use hypernode_analytics::changes::Cursor;
use hypernode_state::cursors::{CursorMove, GetCursor};
use hypernode_state::jobs::GetJob;
use hypernode_state::{Address, Seldom, Store, StoreError, StoreExt, UnixMs};
use serde::{Deserialize, Serialize};

use super::index::Index;
use super::order::{Chained, order};
use super::verdict::{Known, Verdict, verdict};
use crate::board::{Denied, Record};
use crate::ids::{Id, JobId};
use crate::job::{By, Event, Rules, State};
use crate::service::{Center, Clock, Dispatch, DispatchError};

/// The cursor's name in the store.
pub const CURSOR: &str = "bridge";
/// Between looks at an index that has nothing new.
const PAUSE: Duration = Duration::from_millis(400);
/// After a failure.
const LONG_PAUSE: Duration = Duration::from_secs(2);
/// Jobs that are looked after at once: they share commits.
const AT_ONCE: usize = 64;
/// Jobs that were refused because their owner has too many open are tried again after this.
const AGAIN_MS: i64 = 60_000;

/// What a job of the chain gets that says nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Defaults {
    /// Longest run, in seconds.
    pub max_duration_s: u32,
    /// Attempts after the first.
    pub max_retries: u8,
    /// 0 to 9.
    pub priority: u8,
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            max_duration_s: 3_600,
            max_retries: 3,
            priority: 5,
        }
    }
}

/// Why a round was not finished; the next one begins where it began.
#[derive(Debug, thiserror::Error)]
pub enum BridgeError {
    /// The index did not answer.
    #[error("the bridge to the chain waits for the index: {0}")]
    Index(#[from] Error),
    /// The store did not.
    #[error("the bridge to the chain waits for the store: {0}")]
    Store(#[from] StoreError),
    /// The dispatcher starts anew.
    #[error("the bridge to the chain waits for the dispatcher")]
    Away,
    /// A record cannot be read or written.
    #[error("job {job} as it is kept cannot be read or written: {error}")]
    Record {
        /// The job.
        job: JobId,
        /// Why.
        error: String,
    },
}

/// Follows the index.
#[derive(Debug)]
pub struct Bridge {
    index: Arc<dyn Index>,
    center: Center,
    store: Arc<dyn Store>,
    clock: Time,
    rules: Rules,
    defaults: Defaults,
    /// When all open jobs are to be looked at, whatever changed.
    sweep_at: Option<UnixMs>,
}

/// A clock that says nothing of itself.
struct Time(Clock);

impl std::fmt::Debug for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}

impl Bridge {
    /// A bridge from `index` to the dispatcher over `store`. `rules` are the dispatcher's.
    pub fn new(
        index: Arc<dyn Index>,
        center: Center,
        store: Arc<dyn Store>,
        clock: Clock,
        rules: Rules,
        defaults: Defaults,
    ) -> Self {
        Self {
            index,
            center,
            store,
            clock: Time(clock),
            rules,
            defaults,
            // What a process before this one may have put off is found by looking at all.
            sweep_at: Some(i64::MIN),
        }
    }

    /// Follows until it is dropped.
    pub async fn run(mut self) {
        let seldom = Seldom::new();
        loop {
            let pause = match self.round().await {
                Ok(true) => continue,
                Ok(false) => PAUSE,
                Err(BridgeError::Away) => {
                    // Whoever holds no dispatcher any more has nothing to follow for.
                    if self.center.wait().await.is_none() {
                        return;
                    }
                    PAUSE
                }
                Err(error) => {
                    if seldom.now() {
                        tracing::warn!("{error}");
                    }
                    LONG_PAUSE
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// One round: what changed since the cursor is brought about, then the cursor moves. Whether there is more at once.
    ///
    /// # Errors
    /// [`BridgeError`]; the round may be begun again at any time.
    pub async fn round(&mut self) -> Result<bool, BridgeError> {
        let name = CURSOR.to_owned();
        let kept = self.store.ask(GetCursor { name }).await?;
        let kept = kept.map(|cursor| cursor.position);
        let cursor = kept.as_ref().and_then(|at| at.parse::<Cursor>().ok());
        let told = match cursor {
            Some(cursor) => self.index.changes(cursor).await?,
            None => None,
        };
        let Some(told) = told else {
            if kept.is_some() {
                tracing::warn!(
                    "the index is another one than before: open jobs of the chain are looked for anew"
                );
            }
            return self.begin(kept).await;
        };
        if self.sweep_at.is_some_and(|at| at <= (self.clock.0)()) {
            self.sweep().await?;
        }
        let jobs: Vec<Address> = told.jobs.into_iter().collect();
        self.look_after(&jobs).await?;
        if cursor != Some(told.next) {
            self.go(kept, told.next).await?;
        }
        Ok(told.more)
    }

    /// The first time, or with an index that is another one: history is not gone through, open jobs are.
    async fn begin(&mut self, from: Option<String>) -> Result<bool, BridgeError> {
        let seq = self.index.newest().await?;
        self.sweep().await?;
        self.go(from, Cursor { seq, part: None }).await?;
        Ok(true)
    }

    async fn go(&self, from: Option<String>, to: Cursor) -> Result<(), BridgeError> {
        let step = CursorMove {
            name: CURSOR.to_owned(),
            from,
            to: to.to_string(),
            at: (self.clock.0)(),
        };
        Ok(self.store.run(step).await?)
    }

    /// Looks after all jobs that are open on chain and not too old to be taken in.
    async fn sweep(&mut self) -> Result<(), BridgeError> {
        self.sweep_at = None;
        let since = (self.clock.0)().saturating_sub(self.rules.input_ms) / 1000;
        let mut after = None;
        loop {
            let open = self.index.open_since(since, after).await?;
            let Some(last) = open.last() else {
                return Ok(());
            };
            after = Some(*last);
            // Not done: it is due again.
            if let Err(error) = self.look_after(&open).await {
                self.sweep_at = Some(i64::MIN);
                return Err(error);
            }
        }
    }

    /// Brings these jobs to where the chain has them.
    async fn look_after(&mut self, jobs: &[Address]) -> Result<(), BridgeError> {
        for some in jobs.chunks(MAX_JOBS) {
            let standing = self.index.standing(some).await?;
            let mut standing: BTreeMap<[u8; 32], OnChain> = standing
                .into_iter()
                .map(|chain| (chain.job, chain))
                .collect();
            let each = some.iter().map(|job| {
                let nothing = OnChain {
                    job: job.0,
                    created: None,
                    assigned: false,
                    completed: false,
                    failed: false,
                    paid: false,
                    cancelled: false,
                };
                standing.remove(&job.0).unwrap_or(nothing)
            });
            let dispatch = self.center.now().map_err(|_| BridgeError::Away)?;
            let this = &*self;
            let put_off = stream::iter(each.collect::<Vec<_>>())
                .map(|chain| {
                    let dispatch = dispatch.clone();
                    async move { this.judge(&chain, &dispatch).await }
                })
                .buffer_unordered(AT_ONCE)
                .try_fold(false, async |all, one| Ok(all | one))
                .await?;
            if put_off {
                self.sweep_at = Some((self.clock.0)() + AGAIN_MS);
            }
        }
        Ok(())
    }

    /// Brings one job to where the chain has it; whether it has to be tried again later.
    async fn judge(&self, chain: &OnChain, dispatch: &Dispatch) -> Result<bool, BridgeError> {
        let job = JobId(Id::Address(Address(chain.job)));
        let unreadable = |error: serde_json::Error| BridgeError::Record {
            job,
            error: error.to_string(),
        };
        let whole = GetJob {
            id: job.to_string(),
            content: false,
            outcome: false,
        };
        let kept = match self.store.ask(whole).await?.map(|whole| whole.job) {
            Some(kept) => {
                let record: Record = serde_json::from_slice(&kept.record).map_err(unreadable)?;
                Some((record, kept))
            }
            None => None,
        };
        let known = kept.as_ref().map(|(record, kept)| Known {
            state: record.job.state,
            awaits_input: kept.awaits_content,
        });
        let now = (self.clock.0)();
        let done = match (verdict(chain, known, now, self.rules.input_ms), kept) {
            (Verdict::Leave, Some((record, ..))) if chain.is_open() => {
                self.hand_over(&record, dispatch).await?
            }
            (Verdict::Leave, _) => return Ok(false),
            (Verdict::TakeIn, _) => {
                let Some(order) = order(chain, now, &self.defaults).map_err(unreadable)? else {
                    tracing::warn!(
                        "job {job} is not taken in: the call that created it is not stored, so its hash is unknown"
                    );
                    return Ok(false);
                };
                dispatch.submit(order).await.map(|_| ())
            }
            (Verdict::Reopen { waits }, Some((record, kept))) => {
                let reopened = dispatch.reopen(record.clone(), kept.version, &kept.kind, waits);
                match reopened.await {
                    Ok(()) if waits => self.hand_over(&record, dispatch).await?,
                    done => done,
                }
            }
            (Verdict::Reopen { .. }, None) => return Ok(false),
            (Verdict::Elsewhere { stands, cost }, Some((record, kept))) if record.job.is_over() => {
                let event = Event::Elsewhere { stands, cost };
                let (version, kind) = (kept.version, &kept.kind);
                dispatch.corrected(record, version, kind, event).await
            }
            (Verdict::Elsewhere { stands, cost }, _) => dispatch.elsewhere(job, stands, cost).await,
            (Verdict::Cancel { running }, Some((record, kept))) if record.job.is_over() => {
                let by = By::Chain;
                let (version, kind, event) =
                    (kept.version, &kept.kind, Event::Cancel { by, running });
                dispatch.corrected(record, version, kind, event).await
            }
            (Verdict::Cancel { running }, _) => dispatch.cancel(job, By::Chain, running).await,
        };
        match done {
            Ok(()) => Ok(false),
            Err(DispatchError::Denied(Denied::TooManyOpen(_))) => Ok(true),
            // It has moved on since it was looked at: that is told by a change of its own, or needs nothing.
            Err(DispatchError::Denied(_)) => Ok(false),
            Err(DispatchError::Ended) => Err(BridgeError::Away),
        }
    }

    /// A job that was submitted here waits for its creation only: its input is there, and goes to the queue now.
    async fn hand_over(
        &self,
        record: &Record,
        dispatch: &Dispatch,
    ) -> Result<Result<(), DispatchError>, BridgeError> {
        let job = record.job.id;
        if !matches!(
            record.job.state,
            State::Waiting { .. } | State::Cancelled { .. } | State::Elsewhere { .. }
        ) {
            return Ok(Ok(()));
        }
        let whole = GetJob {
            id: job.to_string(),
            content: true,
            outcome: false,
        };
        let content = self.store.ask(whole).await?.and_then(|whole| whole.content);
        let content = content.unwrap_or_default();
        let kept =
            serde_json::from_slice::<Chained>(&content).map_err(|error| BridgeError::Record {
                job,
                error: error.to_string(),
            })?;
        match kept.content.requirements.is_null() {
            true => Ok(Ok(())),
            false => Ok(dispatch
                .arrived(job, record.spec.needs.clone(), content)
                .await),
        }
    }
}
