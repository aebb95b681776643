//! The service of accounts: what the routes call.

use std::sync::Arc;

use hypernode_state::Store;

use crate::auth::Authenticator;
use crate::limits::Limiter;
use crate::siws::SignInPolicy;

/// Accounts over one store. Cheap to share; each area's functions are in the file of its name.
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
