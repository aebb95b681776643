//! Tokens by which hosts sign on.

use crate::ids::{Address, Digest, UnixMs};
use crate::limits::{Bounded, Check, Checked};

/// A token as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRecord {
    /// SHA-256 of it.
    pub token: Digest,
    /// The wallet that it was issued to.
    pub wallet: Address,
    /// When it was issued.
    pub issued_at: UnixMs,
    /// From this time on it is too late for its first use.
    pub expires_at: UnixMs,
    /// The node that it is bound to.
    pub node: Option<String>,
    /// When it was first used.
    pub bound_at: Option<UnixMs>,
    /// When it was revoked.
    pub revoked_at: Option<UnixMs>,
}

/// Issues a token. Refused where one of this hash is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenIssue {
    /// SHA-256 of it.
    pub token: Digest,
    /// To whom.
    pub wallet: Address,
    /// From this time on it is too late for its first use.
    pub expires_at: UnixMs,
    /// Now.
    pub at: UnixMs,
}

/// Uses a token for a node. The first use binds the two; every later one for the same node changes nothing, however late
/// it is. Refused, in this order, where the token is unknown, revoked, another node's, or unused and expired at `at`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenBind {
    /// SHA-256 of it.
    pub token: Digest,
    /// The node; it need not be there.
    pub node: String,
    /// Now.
    pub at: UnixMs,
}

/// Ends a token, used or not. Refused where it is unknown; one that is revoked keeps its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRevoke {
    /// SHA-256 of it.
    pub token: Digest,
    /// Now.
    pub at: UnixMs,
}

/// Removes tokens that expired unused at `now` or before, earliest first; how many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokensSweep {
    /// Now.
    pub now: UnixMs,
    /// At most so many.
    pub limit: u32,
}

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetToken {
    /// SHA-256 of it.
    pub token: Digest,
}

/// Tokens of a wallet, used and revoked ones too: the latest first, then by hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListTokens {
    /// The wallet.
    pub wallet: Address,
    /// At most so many.
    pub limit: u32,
}

impl Bounded for TokenIssue {
    fn check(&self, check: &mut Check) -> Checked {
        check.time("expires_at", self.expires_at)?;
        check.time("at", self.at)
    }
}

impl Bounded for TokenBind {
    fn check(&self, check: &mut Check) -> Checked {
        check.id("node", &self.node)?;
        check.time("at", self.at)
    }
}

impl Bounded for TokenRevoke {
    fn check(&self, check: &mut Check) -> Checked {
        check.time("at", self.at)
    }
}

impl Bounded for TokensSweep {
    fn check(&self, check: &mut Check) -> Checked {
        check.time("now", self.now)?;
        check.many("limit", self.limit)
    }
}

impl Bounded for GetToken {
    fn check(&self, _: &mut Check) -> Checked {
        Ok(())
    }
}

impl Bounded for ListTokens {
    fn check(&self, check: &mut Check) -> Checked {
        check.many("limit", self.limit)
    }
}
