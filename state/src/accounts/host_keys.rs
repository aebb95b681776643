//! Host keys: which ed25519 key speaks for which node and owner.

use crate::ids::{Address, UnixMs};
use crate::limits::{Bounded, Check, Checked};

/// A host key as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostKeyRecord {
    /// The ed25519 public key.
    pub key: Address,
    /// The wallet that vouches for it.
    pub owner: Address,
    /// The node's address on chain; `None` for a host that is not linked to one.
    pub node: Option<Address>,
    /// A text for people.
    pub label: String,
    /// When it was added.
    pub added_at: UnixMs,
    /// When it was revoked.
    pub revoked_at: Option<UnixMs>,
}

/// Adds a key. Refused where it was ever added, or the owner is unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostKeyAdd {
    /// The ed25519 public key.
    pub key: Address,
    /// The wallet that vouches for it.
    pub owner: Address,
    /// The node's address on chain.
    pub node: Option<Address>,
    /// A text for people.
    pub label: String,
    /// Now.
    pub at: UnixMs,
}

/// Revokes a key. Refused where it is unknown; one that is revoked keeps its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostKeyRevoke {
    /// The key.
    pub key: Address,
    /// Now.
    pub at: UnixMs,
}

/// One key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetHostKey {
    /// The key.
    pub key: Address,
}

/// Keys of an owner by key, revoked ones too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListHostKeys {
    /// The owner.
    pub owner: Address,
    /// Only keys greater than this.
    pub after: Option<Address>,
    /// At most so many.
    pub limit: u32,
}

impl Bounded for HostKeyAdd {
    fn check(&self, check: &mut Check) -> Checked {
        check.text("label", &self.label)?;
        check.time("at", self.at)
    }
}

impl Bounded for HostKeyRevoke {
    fn check(&self, check: &mut Check) -> Checked {
        check.time("at", self.at)
    }
}

impl Bounded for GetHostKey {
    fn check(&self, _: &mut Check) -> Checked {
        Ok(())
    }
}

impl Bounded for ListHostKeys {
    fn check(&self, check: &mut Check) -> Checked {
        check.many("limit", self.limit)
    }
}
