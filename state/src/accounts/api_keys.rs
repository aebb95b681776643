//! API keys: scopes, expiry, rotation, and a cap on spending that a rotation does not widen.

use crate::ids::{Address, Digest, UnixMs};
use crate::limits::{Bounded, Check, Checked};

/// An API key as it is kept. Amounts are raw units (lamports, token base units); the whole range of `u64` is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyRecord {
    /// The public part of the key.
    pub id: String,
    /// SHA-256 of the secret part.
    pub secret: Digest,
    /// Whose it is.
    pub owner: Address,
    /// What it may do, in the caller's own words.
    pub scopes: String,
    /// A text for people.
    pub label: String,
    /// When it was made.
    pub created_at: UnixMs,
    /// From this time on it is over.
    pub expires_at: Option<UnixMs>,
    /// When it was last used; never goes back.
    pub used_at: Option<UnixMs>,
    /// When it was revoked.
    pub revoked_at: Option<UnixMs>,
    /// The key that it replaced.
    pub rotated_from: Option<String>,
    /// The most that may be spent with it, and with those that it was rotated from or to, together.
    pub cap: Option<u64>,
    /// What was spent with all of these.
    pub spent: u64,
}

/// What a new key is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewApiKey {
    /// The public part, unique for ever.
    pub id: String,
    /// SHA-256 of the secret part.
    pub secret: Digest,
    /// What it may do.
    pub scopes: String,
    /// A text for people.
    pub label: String,
    /// Now.
    pub at: UnixMs,
    /// From this time on it is over.
    pub expires_at: Option<UnixMs>,
}

/// Makes a key. Refused where the id is there or the owner unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyCreate {
    /// The key.
    pub key: NewApiKey,
    /// Whose it is.
    pub owner: Address,
    /// The most that may be spent with it.
    pub cap: Option<u64>,
}

/// Makes a key in the place of another: same owner, and one purse for both. The old one ends at `old_ends_at`, or when
/// it would have ended, whichever is first. Refused where the new id is there, or the old one is unknown, revoked or
/// expired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyRotate {
    /// The old key.
    pub old: String,
    /// Until when both are valid.
    pub old_ends_at: UnixMs,
    /// The new key.
    pub key: NewApiKey,
}

/// Ends a key. Refused where it is unknown; one that is revoked keeps its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyRevoke {
    /// The key.
    pub id: String,
    /// Now.
    pub at: UnixMs,
}

/// Notes that a key was used. Refused where it is unknown. An earlier time than before changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyTouch {
    /// The key.
    pub id: String,
    /// When.
    pub at: UnixMs,
}

/// Changes the cap of a key and of those that share its purse. It may be below what was spent: then nothing more is.
/// Refused where the key is unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeySetCap {
    /// The key.
    pub id: String,
    /// The new cap.
    pub cap: Option<u64>,
}

/// Spends. Refused where the sum would pass the cap, or the key is unknown, revoked, or expired at `now`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeySpend {
    /// The key.
    pub id: String,
    /// How much.
    pub amount: u64,
    /// Now.
    pub now: UnixMs,
}

/// Gives back what was spent. Refused where it is more than that, or the key is unknown; a key that is over takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyRefund {
    /// The key.
    pub id: String,
    /// How much.
    pub amount: u64,
}

/// A purse after a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spent {
    /// What was spent.
    pub spent: u64,
    /// The most that may be.
    pub cap: Option<u64>,
}

/// One key and its owner's wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetApiKey {
    /// The key.
    pub id: String,
}

/// Keys of an owner by id, revoked and expired ones too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListApiKeys {
    /// The owner.
    pub owner: Address,
    /// Only ids greater than this.
    pub after: Option<String>,
    /// At most so many.
    pub limit: u32,
}

impl Bounded for NewApiKey {
    fn check(&self, check: &mut Check) -> Checked {
        check.name("id", &self.id)?;
        check.text("scopes", &self.scopes)?;
        check.text("label", &self.label)?;
        check.time("at", self.at)?;
        check.maybe_time("expires_at", self.expires_at)
    }
}

impl Bounded for ApiKeyCreate {
    fn check(&self, check: &mut Check) -> Checked {
        self.key.check(check)
    }
}

impl Bounded for ApiKeyRotate {
    fn check(&self, check: &mut Check) -> Checked {
        check.name("old", &self.old)?;
        check.time("old_ends_at", self.old_ends_at)?;
        self.key.check(check)
    }
}

impl Bounded for ApiKeyRevoke {
    fn check(&self, check: &mut Check) -> Checked {
        check.name("id", &self.id)?;
        check.time("at", self.at)
    }
}

impl Bounded for ApiKeyTouch {
    fn check(&self, check: &mut Check) -> Checked {
        check.name("id", &self.id)?;
        check.time("at", self.at)
    }
}

impl Bounded for ApiKeySetCap {
    fn check(&self, check: &mut Check) -> Checked {
        check.name("id", &self.id)
    }
}

impl Bounded for ApiKeySpend {
    fn check(&self, check: &mut Check) -> Checked {
        check.name("id", &self.id)?;
        check.time("now", self.now)
    }
}

impl Bounded for ApiKeyRefund {
    fn check(&self, check: &mut Check) -> Checked {
        check.name("id", &self.id)
    }
}

impl Bounded for GetApiKey {
    fn check(&self, check: &mut Check) -> Checked {
        check.name("id", &self.id)
    }
}

impl Bounded for ListApiKeys {
    fn check(&self, check: &mut Check) -> Checked {
        if let Some(after) = &self.after {
            check.name("after", after)?;
        }
        check.many("limit", self.limit)
    }
}
