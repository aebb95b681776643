//! Retention.

use super::JobStates;
use crate::ids::UnixMs;
use crate::limits::{Bounded, Check, Checked};

/// Removes jobs that are over and last changed at `before` or earlier, with their contents, outcomes, settled reservations
/// and match receipts: state by state, in each the earliest first; how many. Left alone are those with an open reservation,
/// and those with a credit younger than `before`; credits themselves stay for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobsTrim {
    /// Usually now, less what is kept for people to look at.
    pub before: UnixMs,
    /// Only jobs in these states; at least one.
    pub states: JobStates,
    /// At most so many.
    pub limit: u32,
}

impl Bounded for JobsTrim {
    fn check(&self, check: &mut Check) -> Checked {
        check.time("before", self.before)?;
        check.that("states", self.states.0 != 0, "name at least one state")?;
        check.many("limit", self.limit)
    }
}
