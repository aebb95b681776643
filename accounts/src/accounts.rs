//! The service of accounts: what the routes call.

use std::sync::Arc;

use hypernode_state::accounts::{NoncePurge, SessionPurge};
use hypernode_state::{Store, StoreError, StoreExt};

use crate::auth::Authenticator;
use crate::limits::Limiter;
use crate::siws::SignInPolicy;
use crate::time::DAY;

/// Things of a kind that one sweep removes.
const SWEPT: u32 = 1000;
/// How long sessions are kept after their end, for people to look at, in milliseconds.
const KEPT: i64 = 30 * DAY;

/// Accounts over one store. Its functions do what the account that they are given may do with what is its own; whether
/// whoever asks may act for that account is asked before, with [`Principal::may`](crate::rights::Principal::may).
#[derive(Debug)]
pub struct Accounts {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) policy: SignInPolicy,
    pub(crate) hub: String,
    pub(crate) auth: Authenticator,
}

/// A hub's name that would make two texts look alike.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("hub name `{0}`: 1 to 200 letters, digits, dots, colons and hyphens")]
pub struct BadHubName(String);

impl Accounts {
    /// Accounts in `store`, signed in to by `policy`; hosts prove themselves to `hub`. `limiter` counts tokens that are
    /// nobody's.
    ///
    /// # Errors
    /// When `hub` could not stand in the text that hosts sign.
    pub fn new(
        store: Arc<dyn Store>,
        policy: SignInPolicy,
        hub: impl Into<String>,
        limiter: Arc<Limiter>,
    ) -> Result<Self, BadHubName> {
        let hub = hub.into();
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".:-".contains(&byte);
        if hub.is_empty() || hub.len() > 200 || !hub.bytes().all(fits) {
            return Err(BadHubName(hub.chars().take(200).collect()));
        }
        let auth = Authenticator::new(Arc::clone(&store), limiter);
        Ok(Self {
            store,
            policy,
            hub,
            auth,
        })
    }

    /// Removes challenges and sessions that are over, a thousand of each at most; how many. To be called now and then.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn sweep(&self, now: i64) -> Result<u64, StoreError> {
        let nonces = self.store.run(NoncePurge { now, limit: SWEPT }).await?;
        let before = now.saturating_sub(KEPT).max(0);
        let sessions = self
            .store
            .run(SessionPurge {
                before,
                limit: SWEPT,
            })
            .await?;
        Ok(nonces + sessions)
    }

    /// The policy of sign-in.
    #[must_use]
    pub fn policy(&self) -> &SignInPolicy {
        &self.policy
    }

    /// Who sends a token: see [`Authenticator::authenticate`].
    #[must_use]
    pub fn auth(&self) -> &Authenticator {
        &self.auth
    }
}
