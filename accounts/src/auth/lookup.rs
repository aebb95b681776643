//! What the store knows of a token, and what follows from it at a given time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use hypernode_state::accounts::{ApiKeyRecord, GetApiKey, GetSession, SessionRecord, WalletRecord};
use hypernode_state::nodes::{GetToken, TokenRecord};
use hypernode_state::{Store, StoreError, StoreExt};

use super::authenticator::Unauthenticated;
use crate::credential::Credential;
use crate::rights::{Principal, Roles, Scopes};
use crate::secret::Fingerprint;
use crate::sessions::Lifetime;
use crate::time::MINUTE;

/// How coarsely the use of a session is noted, in milliseconds.
const SESSION_TOUCH: i64 = MINUTE;
/// How coarsely the use of an API key is noted, in milliseconds.
const KEY_TOUCH: i64 = 10 * MINUTE;

/// A token that is somebody's.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) principal: Arc<Principal>,
    /// Why it does not count, whatever the time.
    over: Option<Unauthenticated>,
    expires_at: Option<i64>,
    idle_ms: Option<i64>,
    /// When its use was last noted; shared by all copies.
    seen_at: Arc<AtomicI64>,
    touch_every: i64,
}

/// Looks `credential` up.
pub(super) async fn look_up(
    store: &dyn Store,
    credential: Credential,
) -> Result<Option<Known>, StoreError> {
    match credential {
        Credential::Session(token) => {
            let found = store
                .ask(GetSession {
                    token: token.into(),
                })
                .await?;
            Ok(found.map(|(session, wallet)| Known::session(&session, &wallet)))
        }
        Credential::Key(id, secret) => {
            let found = store.ask(GetApiKey { id: id.to_string() }).await?;
            // The id is public: only the secret tells whether this is the key.
            let found = found.filter(|(key, _)| Fingerprint::from(key.secret).matches(&secret));
            Ok(found.map(|(key, wallet)| Known::key(&key, &wallet)))
        }
        Credential::Node(token) => {
            let token = token.into();
            let found = store.ask(GetToken { token }).await?;
            Ok(found.map(Known::node))
        }
    }
}

impl Known {
    fn session(session: &SessionRecord, wallet: &WalletRecord) -> Self {
        let granted = Roles::granted(wallet.roles);
        // Whoever became an operator after signing in is held to the shorter time too.
        let limits = Lifetime::of(granted);
        let end = session
            .expires_at
            .min(session.created_at.saturating_add(limits.absolute));
        let over = (session.revoked_at.is_some() || session.epoch != wallet.epoch)
            .then_some(Unauthenticated::Revoked);
        Self {
            principal: Arc::new(Principal::wallet(session.wallet.into(), granted)),
            over,
            expires_at: Some(end),
            idle_ms: Some(session.idle_ms.min(limits.idle)),
            seen_at: Arc::new(AtomicI64::new(session.seen_at)),
            touch_every: SESSION_TOUCH,
        }
    }

    fn key(key: &ApiKeyRecord, wallet: &WalletRecord) -> Self {
        // A scope that is no longer known is dropped, not guessed at.
        let known = key
            .scopes
            .split_whitespace()
            .filter_map(|name| name.parse().ok());
        let scopes = Scopes::of(&known.collect::<Vec<_>>());
        let granted = Roles::granted(wallet.roles);
        Self {
            principal: Arc::new(Principal::key(
                key.id.clone(),
                key.owner.into(),
                granted,
                scopes,
            )),
            over: key.revoked_at.map(|_| Unauthenticated::Revoked),
            expires_at: key.expires_at,
            idle_ms: None,
            seen_at: Arc::new(AtomicI64::new(key.used_at.unwrap_or(0))),
            touch_every: KEY_TOUCH,
        }
    }

    fn node(token: TokenRecord) -> Self {
        Self {
            over: token.revoked_at.map(|_| Unauthenticated::Revoked),
            // The time is for its first use.
            expires_at: token.node.is_none().then_some(token.expires_at),
            principal: Arc::new(Principal::node(token.node, token.wallet.into())),
            idle_ms: None,
            seen_at: Arc::default(),
            touch_every: i64::MAX,
        }
    }

    /// Whether it counts at `now`.
    pub(super) fn at(&self, now: i64) -> Result<(), Unauthenticated> {
        if let Some(why) = &self.over {
            return Err(why.clone());
        }
        if self.expires_at.is_some_and(|end| now >= end) {
            return Err(Unauthenticated::Expired);
        }
        let seen = self.seen_at.load(Ordering::Relaxed);
        if self
            .idle_ms
            .is_some_and(|idle| now >= seen.saturating_add(idle))
        {
            return Err(Unauthenticated::Idle);
        }
        Ok(())
    }

    /// Whether this use is to be noted: once per minute or so, for one of those who ask at the same time.
    pub(super) fn is_due(&self, now: i64) -> bool {
        let seen = self.seen_at.load(Ordering::Relaxed);
        now >= seen.saturating_add(self.touch_every)
            && self
                .seen_at
                .compare_exchange(seen, now, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }
}
