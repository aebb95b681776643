//! Sessions: a token's hash, whose it is, and until when.

use crate::ids::{Address, Digest, UnixMs};
use crate::limits::{Bounded, Check, Checked};

/// A session as it is kept. Whether it is live depends on the time and the wallet's epoch: [`SessionRecord::state`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRecord {
    /// Hash of the token.
    pub token: Digest,
    /// Whose it is.
    pub wallet: Address,
    /// The wallet's epoch when it was made.
    pub epoch: u64,
    /// When it was made.
    pub created_at: UnixMs,
    /// When it was last used; never goes back.
    pub seen_at: UnixMs,
    /// Unused for so many milliseconds, it is over.
    pub idle_ms: i64,
    /// From this time on it is over, however much it is used.
    pub expires_at: UnixMs,
    /// When it was revoked.
    pub revoked_at: Option<UnixMs>,
    /// A text for people: browser, purpose.
    pub label: String,
}

/// Whether a session counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionState {
    /// It counts.
    Live,
    /// It was revoked.
    Revoked,
    /// Its wallet was signed out everywhere.
    SignedOut,
    /// Its time is over.
    Expired,
    /// It was not used for too long.
    Idle,
}

impl SessionRecord {
    /// Whether it counts at `now`, where its wallet's epoch is `epoch`.
    #[must_use]
    pub fn state(&self, now: UnixMs, epoch: u64) -> SessionState {
        if self.revoked_at.is_some() {
            SessionState::Revoked
        } else if self.epoch != epoch {
            SessionState::SignedOut
        } else if now >= self.expires_at {
            SessionState::Expired
        } else if now >= self.seen_at.saturating_add(self.idle_ms) {
            SessionState::Idle
        } else {
            SessionState::Live
        }
    }
}

/// What a new session is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    /// Hash of the token.
    pub token: Digest,
    /// Whose it is.
    pub wallet: Address,
    /// Now.
    pub at: UnixMs,
    /// Unused for so many milliseconds, it is over.
    pub idle_ms: i64,
    /// From this time on it is over.
    pub expires_at: UnixMs,
    /// A text for people.
    pub label: String,
}

/// Makes a session in the wallet's present epoch. Refused where the token is there or the wallet unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionCreate {
    /// The session.
    pub session: NewSession,
}

/// Notes that a session is used. Refused where it is unknown or over at `now`. An earlier `now` than before changes
/// nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionTouch {
    /// Hash of the token.
    pub token: Digest,
    /// Now.
    pub now: UnixMs,
}

/// Ends a session. Refused where it is unknown; one that is revoked keeps its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRevoke {
    /// Hash of the token.
    pub token: Digest,
    /// Now.
    pub at: UnixMs,
}

/// Removes sessions whose `expires_at` is at or before `before`, earliest first; how many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionPurge {
    /// Usually now, less what is kept for people to look at.
    pub before: UnixMs,
    /// At most so many.
    pub limit: u32,
}

/// One session and its wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetSession {
    /// Hash of the token.
    pub token: Digest,
}

/// Sessions of a wallet, newest first, then by token; those that are over too, until they are purged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListSessions {
    /// The wallet.
    pub wallet: Address,
    /// At most so many.
    pub limit: u32,
}

impl Bounded for SessionCreate {
    fn check(&self, check: &mut Check) -> Checked {
        check.time("at", self.session.at)?;
        check.span("idle_ms", self.session.idle_ms)?;
        check.time("expires_at", self.session.expires_at)?;
        check.text("label", &self.session.label)
    }
}

impl Bounded for SessionTouch {
    fn check(&self, check: &mut Check) -> Checked {
        check.time("now", self.now)
    }
}

impl Bounded for SessionRevoke {
    fn check(&self, check: &mut Check) -> Checked {
        check.time("at", self.at)
    }
}

impl Bounded for SessionPurge {
    fn check(&self, check: &mut Check) -> Checked {
        check.time("before", self.before)?;
        check.many("limit", self.limit)
    }
}

impl Bounded for GetSession {
    fn check(&self, _: &mut Check) -> Checked {
        Ok(())
    }
}

impl Bounded for ListSessions {
    fn check(&self, check: &mut Check) -> Checked {
        check.many("limit", self.limit)
    }
}
