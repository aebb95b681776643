//! Who may do what: wallets, nonces, sessions, API keys, host keys, and the trail of changes to them.
//!
//! The store keeps facts and guards what must hold under concurrency: a nonce is taken once, spending stays within its
//! cap, an epoch only grows. What a role or a scope means is the caller's.

mod api_keys;
mod audit;
mod host_keys;
mod nonces;
mod sessions;
mod wallets;

pub use api_keys::{
    ApiKeyCreate, ApiKeyRecord, ApiKeyRefund, ApiKeyRevoke, ApiKeyRotate, ApiKeySetCap,
    ApiKeySpend, ApiKeyTouch, GetApiKey, ListApiKeys, NewApiKey, Spent,
};
pub use audit::{AuditAppend, AuditRecord, ListAudit, NewestAudit};
pub use host_keys::{GetHostKey, HostKeyAdd, HostKeyRecord, HostKeyRevoke, ListHostKeys};
pub use nonces::{GetNonce, NoncePurge, NoncePut, NonceRecord, NonceTake};
pub use sessions::{
    GetSession, ListSessions, NewSession, SessionCreate, SessionPurge, SessionRecord,
    SessionRevoke, SessionState, SessionTouch,
};
pub use wallets::{
    GetWallet, ListWallets, RequireNoRole, RequireOther, Roles, WalletEnsure, WalletGrant,
    WalletRecord, WalletSignOut, WalletWithdraw,
};

use crate::area::area;
use crate::ids::{Address, UnixMs};
use crate::limits::{Bounded, Check, Checked};

area!(
    Account,
    /// Changes of accounts.
    ops AccountOp -> AccountReply {
        WalletEnsure => WalletRecord,
        WalletGrant => WalletRecord,
        WalletWithdraw => WalletRecord,
        WalletSignOut => WalletRecord,
        RequireNoRole => (),
        RequireOther => (),
        NoncePut => (),
        NonceTake => NonceRecord,
        NoncePurge => u64,
        SessionCreate => SessionRecord,
        SessionTouch => SessionRecord,
        SessionRevoke => SessionRecord,
        SessionPurge => u64,
        ApiKeyCreate => ApiKeyRecord,
        ApiKeyRotate => ApiKeyRecord,
        ApiKeyRevoke => ApiKeyRecord,
        ApiKeyTouch => (),
        ApiKeySetCap => ApiKeyRecord,
        ApiKeySpend => Spent,
        ApiKeyRefund => Spent,
        HostKeyAdd => HostKeyRecord,
        HostKeyRevoke => HostKeyRecord,
        AuditAppend => u64,
    }
    /// Questions about accounts.
    queries AccountQuery -> AccountAnswer {
        GetWallet => Option<WalletRecord>,
        ListWallets => Vec<WalletRecord>,
        GetNonce => Option<NonceRecord>,
        GetSession => Option<(SessionRecord, WalletRecord)>,
        ListSessions => Vec<SessionRecord>,
        GetApiKey => Option<(ApiKeyRecord, WalletRecord)>,
        ListApiKeys => Vec<ApiKeyRecord>,
        GetHostKey => Option<HostKeyRecord>,
        ListHostKeys => Vec<HostKeyRecord>,
        ListAudit => Vec<AuditRecord>,
        NewestAudit => Vec<AuditRecord>,
        AccountsVersion => u64,
    }
);

/// A number that grows with every change that an earlier decision about someone may rest on: roles, epochs, sessions
/// revoked, API and host keys made, changed or revoked. It does not grow when something is merely used (touch, spend).
/// Other processes' changes count too, so a cache that asks for it now and then knows when to forget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountsVersion;

impl Bounded for AccountsVersion {
    fn check(&self, _: &mut Check) -> Checked {
        Ok(())
    }
}

/// Why a change of an account is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccountRefusal {
    /// The wallet was never seen.
    #[error("wallet {wallet} is unknown")]
    WalletUnknown {
        /// The wallet.
        wallet: Address,
    },
    /// [`RequireNoRole`]: somebody has it.
    #[error("wallet {wallet} has that role already")]
    RoleTaken {
        /// One wallet that has it.
        wallet: Address,
    },
    /// [`RequireOther`]: nobody else has it.
    #[error("no wallet but {besides} has that role")]
    NoOther {
        /// The wallet that does not count.
        besides: Address,
    },
    /// A nonce of these bytes is there already.
    #[error("this nonce was issued before")]
    NonceExists,
    /// No such nonce: never issued, taken before, or purged.
    #[error("this nonce was not issued or was used before")]
    NonceUnknown,
    /// The nonce's time is over.
    #[error("this nonce expired at {at}")]
    NonceExpired {
        /// When, Unix milliseconds.
        at: UnixMs,
    },
    /// A session with this token is there already.
    #[error("a session with this token exists")]
    SessionExists,
    /// No session with this token.
    #[error("no such session")]
    SessionUnknown,
    /// The session is over.
    #[error("the session is over: {state:?}")]
    SessionOver {
        /// In which way; never [`SessionState::Live`].
        state: SessionState,
    },
    /// An API key with this id is there already.
    #[error("API key {id} exists")]
    ApiKeyExists {
        /// The key.
        id: String,
    },
    /// No API key with this id.
    #[error("API key {id} is unknown")]
    ApiKeyUnknown {
        /// The key.
        id: String,
    },
    /// The key is revoked.
    #[error("API key {id} was revoked at {at}")]
    ApiKeyRevoked {
        /// The key.
        id: String,
        /// When, Unix milliseconds.
        at: UnixMs,
    },
    /// The key's time is over.
    #[error("API key {id} expired at {at}")]
    ApiKeyExpired {
        /// The key.
        id: String,
        /// When, Unix milliseconds.
        at: UnixMs,
    },
    /// The spending would pass the cap.
    #[error("API key {id} has spent {spent} of {cap}; {amount} more is beyond its cap")]
    CapExceeded {
        /// The key.
        id: String,
        /// Spent so far, with the keys that it was rotated from.
        spent: u64,
        /// The cap; `u64::MAX` where there is none and the sum itself would not fit.
        cap: u64,
        /// What was asked for.
        amount: u64,
    },
    /// More would be given back than was spent.
    #[error("API key {id} has spent {spent}; {amount} cannot be given back")]
    RefundExceeds {
        /// The key.
        id: String,
        /// Spent so far.
        spent: u64,
        /// What was to be given back.
        amount: u64,
    },
    /// The host key was added before, even if it is revoked now: a key is never used twice.
    #[error("host key {key} was added before")]
    HostKeyExists {
        /// The key.
        key: Address,
    },
    /// No such host key.
    #[error("host key {key} is unknown")]
    HostKeyUnknown {
        /// The key.
        key: Address,
    },
}
