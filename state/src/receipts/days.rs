//! Daily secrets.

use std::fmt;

use crate::ids::{Digest, UnixMs};
use crate::limits::{Bounded, Check, Checked};

/// The secret of a day as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct DaySecretRecord {
    /// Days since 1970-01-01.
    pub day: u32,
    /// The secret; whoever may see it before its day is over is the caller's to say.
    pub secret: [u8; 32],
    /// What was committed to.
    pub commitment: Digest,
    /// When it was put.
    pub at: UnixMs,
}

// Before its day is over the secret tells what will be drawn: it stays out of logs.
impl fmt::Debug for DaySecretRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DaySecretRecord")
            .field("day", &self.day)
            .field("commitment", &self.commitment)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

/// Keeps the secret of a day, for ever. Refused where the day has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DaySecretPut {
    /// The day with its secret.
    pub secret: DaySecretRecord,
}

/// The secret of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetDaySecret {
    /// The day.
    pub day: u32,
}

/// Secrets by day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListDaySecrets {
    /// Only days later than this.
    pub after: Option<u32>,
    /// At most so many.
    pub limit: u32,
}

impl Bounded for DaySecretPut {
    fn check(&self, check: &mut Check) -> Checked {
        check.time("at", self.secret.at)
    }
}

impl Bounded for GetDaySecret {
    fn check(&self, _: &mut Check) -> Checked {
        Ok(())
    }
}

impl Bounded for ListDaySecrets {
    fn check(&self, check: &mut Check) -> Checked {
        check.many("limit", self.limit)
    }
}
