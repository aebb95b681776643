//! The secrets of days: made and committed to a day ahead, in use on their day, told when it is over.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use hypernode_state::receipts::{
    DaySecretPut, DaySecretRecord, GetDaySecret, ListDaySecrets, ReceiptRefusal,
};
use hypernode_state::{Digest, Refusal, Seldom, Store, StoreError, StoreExt, UnixMs};
use rand::TryRngCore;
use rand::rngs::OsRng;
use tokio_util::sync::CancellationToken;

use crate::matching::seed::DaySecret;
use crate::service::{Center, Clock};

/// Milliseconds of a day.
pub const DAY_MS: i64 = 86_400_000;
/// The longest sleep before the clock is looked at again: it may be set.
const LOOK: Duration = Duration::from_secs(30);
/// After a store that failed.
const AGAIN: Duration = Duration::from_secs(2);

/// Why there is no secret.
#[derive(Debug, thiserror::Error)]
pub enum DaysError {
    /// The store's.
    #[error("the secrets of days: {0}")]
    Store(#[from] StoreError),
    /// None can be made.
    #[error("the operating system gives no randomness: no secret can be made")]
    NoRandomness,
}

/// What anybody may know of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Published {
    /// Days since 1970-01-01.
    pub day: u32,
    /// What was committed to.
    pub commitment: Digest,
    /// When.
    pub committed_at: UnixMs,
    /// The secret, once its day is over.
    pub secret: Option<[u8; 32]>,
}

impl Published {
    /// Whether it was committed to before its day began.
    pub fn is_ahead(&self) -> bool {
        self.committed_at < i64::from(self.day) * DAY_MS
    }
}

/// The secrets of a store.
pub struct Days {
    store: Arc<dyn Store>,
    clock: Clock,
    current: RwLock<DaySecret>,
    /// The day whose secret the dispatcher uses.
    turned: AtomicU32,
}

impl std::fmt::Debug for Days {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Days({})", self.secret().day())
    }
}

/// The day of a time.
pub fn day_of(at: UnixMs) -> u32 {
    u32::try_from(at.div_euclid(DAY_MS)).unwrap_or(0)
}

impl Days {
    /// Makes what is missing of today's secret and tomorrow's.
    ///
    /// # Errors
    /// [`DaysError`].
    pub async fn open(store: Arc<dyn Store>, clock: Clock) -> Result<Arc<Self>, DaysError> {
        let today = day_of(clock());
        let secret = secret_of(store.as_ref(), today, clock()).await?;
        secret_of(store.as_ref(), today.saturating_add(1), clock()).await?;
        Ok(Arc::new(Self {
            store,
            clock,
            current: RwLock::new(secret),
            turned: AtomicU32::new(today),
        }))
    }

    /// The secret in use.
    pub fn secret(&self) -> DaySecret {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current.clone()
    }

    /// What may be known of the last `most` days and of those to come, latest first.
    ///
    /// # Errors
    /// The store's.
    pub async fn published(&self, most: u32) -> Result<Vec<Published>, StoreError> {
        let after = self.secret().day().checked_sub(most.saturating_add(1));
        let limit = most.saturating_add(8).min(hypernode_state::limits::MANY);
        let kept = self.store.ask(ListDaySecrets { after, limit }).await?;
        Ok(kept.iter().rev().map(|day| self.of(day)).collect())
    }

    /// What may be known of a day; `None` where nothing is.
    ///
    /// # Errors
    /// The store's.
    pub async fn on(&self, day: u32) -> Result<Option<Published>, StoreError> {
        let kept = self.store.ask(GetDaySecret { day }).await?;
        Ok(kept.map(|kept| self.of(&kept)))
    }

    fn of(&self, kept: &DaySecretRecord) -> Published {
        // By the clock it is over, and by what decisions are made with: one that is still in use is never told.
        let over = kept.day < day_of((self.clock)()) && kept.day < self.turned.load(Relaxed);
        Published {
            day: kept.day,
            commitment: kept.commitment,
            committed_at: kept.at,
            secret: over.then_some(kept.secret),
        }
    }

    /// Turns to the next secret at each midnight (UTC), and makes the one after it, until `stop`.
    pub async fn follow(&self, center: Center, stop: CancellationToken) {
        let told = Seldom::new();
        loop {
            let wait = match self.turn(&center).await {
                Ok(false) => AGAIN,
                Ok(true) => {
                    let left = DAY_MS - (self.clock)().rem_euclid(DAY_MS);
                    LOOK.min(Duration::from_millis(left.unsigned_abs()))
                }
                Err(error) => {
                    if told.now() {
                        tracing::error!("{error}; decisions go on with the secret of before");
                    }
                    AGAIN
                }
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// Whether the dispatcher uses the secret of today.
    async fn turn(&self, center: &Center) -> Result<bool, DaysError> {
        let now = (self.clock)();
        let today = day_of(now);
        secret_of(self.store.as_ref(), today.saturating_add(1), now).await?;
        // A clock that is set back brings no secret back that was told.
        if today > self.secret().day() {
            let secret = secret_of(self.store.as_ref(), today, now).await?;
            // A dispatcher that starts from here on takes it; the one that works is told.
            *self.current.write().unwrap_or_else(PoisonError::into_inner) = secret;
        }
        let secret = self.secret();
        if self.turned.load(Relaxed) >= secret.day() {
            return Ok(true);
        }
        let Ok(dispatch) = center.now() else {
            return Ok(false);
        };
        if dispatch.turn_day(secret.clone()).await.is_err() {
            return Ok(false);
        }
        self.turned.store(secret.day(), Relaxed);
        tracing::info!(
            day = secret.day(),
            "decisions are made with the day's secret"
        );
        Ok(true)
    }
}

/// The secret of a day; where there is none, a new one.
async fn secret_of(store: &dyn Store, day: u32, at: UnixMs) -> Result<DaySecret, DaysError> {
    loop {
        if let Some(kept) = store.ask(GetDaySecret { day }).await? {
            return Ok(DaySecret::new(day, kept.secret));
        }
        let mut bytes = [0; 32];
        OsRng
            .try_fill_bytes(&mut bytes)
            .map_err(|_| DaysError::NoRandomness)?;
        let secret = DaySecret::new(day, bytes);
        let record = DaySecretRecord {
            day,
            secret: bytes,
            commitment: secret.commitment(),
            at,
        };
        match store.run(DaySecretPut { secret: record }).await {
            Ok(()) => return Ok(secret),
            // Another was first: its secret is the day's.
            Err(StoreError::Refused {
                why: Refusal::Receipt(ReceiptRefusal::DayTaken { .. }),
                ..
            }) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
