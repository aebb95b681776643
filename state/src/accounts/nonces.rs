//! Nonces: what was issued for one sign-in, taken at most once.

use std::fmt;

use crate::ids::UnixMs;
use crate::limits::{Bounded, Check, Checked, NAME, TEXT};

/// A nonce as it was issued.
#[derive(Clone, PartialEq, Eq)]
pub struct NonceRecord {
    /// Its bytes, 1 to [`NAME`].
    pub nonce: Vec<u8>,
    /// What it was issued for, so that every field can be compared when it comes back; up to [`TEXT`] bytes.
    pub issued: Vec<u8>,
    /// From this time on it is no longer taken.
    pub expires_at: UnixMs,
}

// Until it is taken a nonce is half of a sign-in: it stays out of logs.
impl fmt::Debug for NonceRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NonceRecord")
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// Issues a nonce. Refused where its bytes are there already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoncePut {
    /// The nonce.
    pub nonce: NonceRecord,
}

/// Takes a nonce: it is gone from then on, whoever asks. Refused where it is unknown or expired at `now`; an expired
/// one stays for [`NoncePurge`], so that the answer stays the same.
#[derive(Clone, PartialEq, Eq)]
pub struct NonceTake {
    /// Its bytes.
    pub nonce: Vec<u8>,
    /// Now.
    pub now: UnixMs,
}

impl fmt::Debug for NonceTake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NonceTake")
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}

/// One nonce, expired or not, while it was not taken or purged: for comparing before it is taken.
#[derive(Clone, PartialEq, Eq)]
pub struct GetNonce {
    /// Its bytes.
    pub nonce: Vec<u8>,
}

impl fmt::Debug for GetNonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GetNonce").finish_non_exhaustive()
    }
}

/// Removes nonces that expired at `now` or before, earliest first; how many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoncePurge {
    /// Now.
    pub now: UnixMs,
    /// At most so many.
    pub limit: u32,
}

impl Bounded for NoncePut {
    fn check(&self, check: &mut Check) -> Checked {
        check.bytes_name("nonce", &self.nonce.nonce)?;
        check.blob("issued", &self.nonce.issued, TEXT)?;
        check.time("expires_at", self.nonce.expires_at)
    }
}

impl Bounded for NonceTake {
    fn check(&self, check: &mut Check) -> Checked {
        check.blob("nonce", &self.nonce, NAME)?;
        check.time("now", self.now)
    }
}

impl Bounded for GetNonce {
    fn check(&self, check: &mut Check) -> Checked {
        check.blob("nonce", &self.nonce, NAME)
    }
}

impl Bounded for NoncePurge {
    fn check(&self, check: &mut Check) -> Checked {
        check.time("now", self.now)?;
        check.many("limit", self.limit)
    }
}
