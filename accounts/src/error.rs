//! What can go wrong with accounts, in sentences for whoever asked.

use hypernode_state::accounts::AccountRefusal;
use hypernode_state::{Refusal as StoreRefusal, StoreError};

use crate::hosts::HostRefusal;
use crate::rights::{Denied, Role, Scope};
use crate::secret::NoRandomness;
use crate::siws::Refusal;

/// Why something about an account was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// The proof of a wallet is refused.
    #[error(transparent)]
    SignIn(#[from] Refusal),
    /// The proof of a host is refused.
    #[error(transparent)]
    Host(#[from] HostRefusal),
    /// Not theirs to do.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// There is no such thing, or it is somebody else's: both look the same to whoever asks.
    #[error("no such {what} of this account")]
    NotFound {
        /// What was looked for.
        what: &'static str,
    },
    /// An argument is out of range.
    #[error("{field}: must {must}")]
    Invalid {
        /// The argument.
        field: &'static str,
        /// What it must be.
        must: &'static str,
    },
    /// A key would be made for more than its owner may.
    #[error("scopes: this account may not give `{}` to a key: it has not the role {} itself", .scope.name(), .role.name())]
    ScopeNotAllowed {
        /// What was asked for.
        scope: Scope,
        /// What the account would need to be.
        role: Role,
    },
    /// A key was sent where a session is to be ended.
    #[error(
        "this is an API key, and no session ends with it: revoke it with DELETE /api/keys/{{id}}, signed in with the wallet that made it"
    )]
    NoSession,
    /// The account has as many as one may have.
    #[error("this account has {most} {what} already: revoke one first")]
    TooMany {
        /// What there are too many of.
        what: &'static str,
        /// The most there may be.
        most: usize,
    },
    /// The key is over.
    #[error("this key is revoked or expired: make a new one")]
    KeyOver,
    /// The key would spend beyond its cap.
    #[error(
        "this key may spend {left} more raw units, not {amount}: raise its cap, or use another key"
    )]
    Cap {
        /// What it may still spend.
        left: u64,
        /// What was asked for.
        amount: u64,
    },
    /// More would be given back than was reserved.
    #[error("{amount} raw units cannot be given back: only {spent} were reserved")]
    NotReserved {
        /// What was reserved.
        spent: u64,
        /// What was to be given back.
        amount: u64,
    },
    /// The operating system failed us.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
    /// The store failed, or is busy.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for AccountError {
    fn from(error: StoreError) -> Self {
        let Some(StoreRefusal::Account(why)) = error.refusal() else {
            return Self::Store(error);
        };
        match why {
            AccountRefusal::NonceUnknown => Self::SignIn(Refusal::Replayed),
            AccountRefusal::NonceExpired { .. } => Self::SignIn(Refusal::Expired),
            AccountRefusal::SessionUnknown | AccountRefusal::SessionOver { .. } => {
                Self::NotFound { what: "session" }
            }
            AccountRefusal::ApiKeyUnknown { .. } => Self::NotFound { what: "API key" },
            AccountRefusal::ApiKeyRevoked { .. } | AccountRefusal::ApiKeyExpired { .. } => {
                Self::KeyOver
            }
            AccountRefusal::CapExceeded {
                spent, cap, amount, ..
            } => Self::Cap {
                left: cap.saturating_sub(*spent),
                amount: *amount,
            },
            AccountRefusal::RefundExceeds { spent, amount, .. } => Self::NotReserved {
                spent: *spent,
                amount: *amount,
            },
            AccountRefusal::HostKeyExists { .. } => Self::Host(HostRefusal::KeyUsed),
            AccountRefusal::HostKeyUnknown { .. } => Self::NotFound { what: "host key" },
            AccountRefusal::WalletUnknown { .. } => Self::NotFound { what: "wallet" },
            _ => Self::Store(error),
        }
    }
}
