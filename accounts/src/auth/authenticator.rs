//! Who sends a token.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hypernode_state::accounts::AccountsVersion;
use hypernode_state::{Seldom, Store, StoreError, StoreExt};
use tokio::sync::{Mutex, Semaphore};
use tokio_util::sync::CancellationToken;

use super::cache::Cache;
use super::lookup::{Known, look_up};
use super::touches::Touches;
use crate::credential::{Credential, KeyId, NotACredential};
use crate::limits::{Class, LimitKey, Limiter};
use crate::public_key::PublicKey;
use crate::rights::{Principal, Who};
use crate::secret::Fingerprint;

/// Answers that are kept: a few megabytes.
pub const PLACES: usize = 16_384;
/// How old the store's word that nothing changed may be, in milliseconds.
pub const FRESH_MS: u64 = 1_000;
/// How often it is asked for while [`Authenticator::follow`] runs.
const ASK: Duration = Duration::from_millis(250);
/// Lookups in the store at a time.
const LOOKUPS: usize = 32;

/// Why a token is nobody's, in a sentence for whoever sent it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unauthenticated {
    /// Not the form of a token.
    #[error(transparent)]
    Malformed(#[from] NotACredential),
    /// No such token.
    #[error("this token is unknown: sign in, or check the API key")]
    Unknown,
    /// Its time is over.
    #[error("this token has expired: sign in again, or make a new API key")]
    Expired,
    /// The session was not used for too long.
    #[error("this session was not used for too long: sign in again")]
    Idle,
    /// It was revoked, or its session signed out.
    #[error("this token was revoked: sign in again, or make a new API key")]
    Revoked,
    /// This caller sent too many tokens that are nobody's.
    #[error("too many unknown tokens from here: try again in {} s", retry_after.as_secs() + 1)]
    TooMany {
        /// How long to wait.
        retry_after: Duration,
    },
    /// The store failed: who it is cannot be known now.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Tells who sends a token.
pub struct Authenticator {
    store: Arc<dyn Store>,
    cache: Cache<Known>,
    touches: Touches,
    limiter: Arc<Limiter>,
    lookups: Semaphore,
    origin: Instant,
    /// The state of accounts that was seen last.
    version: AtomicU64,
    /// When that was asked for, in milliseconds since `origin`, plus one; 0 for never.
    asked: AtomicU64,
    asking: Mutex<()>,
}

impl Authenticator {
    /// An authenticator over `store`; tokens that are nobody's count against their sender in `limiter`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, limiter: Arc<Limiter>) -> Self {
        Self {
            store,
            cache: Cache::new(PLACES),
            touches: Touches::default(),
            limiter,
            lookups: Semaphore::new(LOOKUPS),
            origin: Instant::now(),
            version: AtomicU64::new(0),
            asked: AtomicU64::new(0),
            asking: Mutex::new(()),
        }
    }

    /// Who sends `token` (a cookie's value, or what follows `Bearer`) from `caller` at `now`.
    ///
    /// # Errors
    /// See [`Unauthenticated`].
    pub async fn authenticate(
        &self,
        token: &str,
        caller: &LimitKey,
        now: i64,
    ) -> Result<Arc<Principal>, Unauthenticated> {
        let credential = Credential::parse(token)?;
        let version = self.version().await?;
        let known = match self.cache.get(credential.fingerprint(), version) {
            // Another process may have noted a use: the store is asked before anybody is sent away as idle.
            Some(known) if known.at(now) != Err(Unauthenticated::Idle) => known,
            _ => self.look_up(credential, caller, version, now).await?,
        };
        known.at(now)?;
        if known.is_due(now) {
            self.touches.add(credential, now);
        }
        Ok(known.principal)
    }

    /// Asks the store whether anything changed, and notes there which tokens were used.
    ///
    /// # Errors
    /// When the store fails. Tokens are then refused from a second later on, until it answers.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        let began = self.elapsed_ms();
        let version = self.store.ask(AccountsVersion).await?;
        // The number first: whoever sees the new time sees the new number.
        self.version.store(version, Ordering::SeqCst);
        self.asked.fetch_max(began + 1, Ordering::SeqCst);
        Ok(())
    }

    /// Writes down which tokens were used.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn write_uses(&self) -> Result<(), StoreError> {
        self.touches.write(&*self.store).await
    }

    /// Keeps what is known fresh, so that no request waits for it, and writes uses down, until `stop`.
    pub async fn follow(&self, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(ASK);
        let told = Seldom::new();
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = stop.cancelled() => break,
            }
            let (asked, written) = (self.refresh().await, self.write_uses().await);
            if let Err(error) = asked.and(written)
                && told.now()
            {
                tracing::warn!(%error, "accounts cannot be kept fresh");
            }
        }
        if let Err(error) = self.write_uses().await {
            tracing::warn!(%error, "the last uses of tokens were not written");
        }
    }

    /// Forgets one token.
    pub(crate) fn forget_token(&self, token: Fingerprint) {
        self.cache.forget(|kept, _| *kept == token);
    }

    /// Forgets one API key.
    pub(crate) fn forget_key(&self, key: KeyId) {
        let key = key.to_string();
        self.cache
            .forget(|_, known| matches!(known.principal.who(), Who::Key { id, .. } if *id == key));
    }

    /// Forgets everything of one account.
    pub(crate) fn forget_account(&self, wallet: PublicKey) {
        self.cache
            .forget(|_, known| known.principal.account() == Some(wallet));
    }

    /// Answers that are kept now.
    #[must_use]
    pub fn kept(&self) -> usize {
        self.cache.len()
    }

    /// The state of accounts, seen less than [`FRESH_MS`] ago.
    async fn version(&self) -> Result<u64, StoreError> {
        if !self.is_fresh() {
            // One asks, the others wait for it.
            let _asking = self.asking.lock().await;
            if !self.is_fresh() {
                self.refresh().await?;
            }
        }
        Ok(self.version.load(Ordering::SeqCst))
    }

    fn is_fresh(&self) -> bool {
        let asked = self.asked.load(Ordering::SeqCst);
        asked != 0 && self.elapsed_ms() + 1 < asked + FRESH_MS
    }

    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_millis()).unwrap_or(u64::MAX / 2)
    }

    async fn look_up(
        &self,
        credential: Credential,
        caller: &LimitKey,
        version: u64,
        now: i64,
    ) -> Result<Known, Unauthenticated> {
        let _place = self
            .lookups
            .acquire()
            .await
            .map_err(|_| StoreError::Closed)?;
        // Asked here, so that no more slip by at once than there are places.
        let verdict = self.limiter.look(Class::UnknownToken, caller);
        if !verdict.allowed {
            return Err(Unauthenticated::TooMany {
                retry_after: verdict.retry_after,
            });
        }
        let generation = self.cache.generation();
        let known = look_up(&*self.store, credential).await?;
        // A node's token may be bound or revoked without a new state of accounts: it is looked up each time.
        let is_kept = !matches!(credential, Credential::Node(_));
        if let Some(known) = known.as_ref().filter(|_| is_kept) {
            self.cache
                .put(credential.fingerprint(), version, known.clone(), generation);
        }
        if known.as_ref().is_none_or(|known| known.at(now).is_err()) {
            let _ = self.limiter.take(Class::UnknownToken, caller);
        }
        known.ok_or(Unauthenticated::Unknown)
    }
}

impl std::fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authenticator")
            .field("kept", &self.kept())
            .finish_non_exhaustive()
    }
}
