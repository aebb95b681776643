//! Jobs: what was submitted, where each one stands, and what came of it.
//!
//! What a job is and how it changes is the caller's: it hands over a record of bytes beside the few columns that the store
//! filters and guards by. Each change names the version that it was made from, so that of two changes at once one is
//! refused as [`JobRefusal::Stale`]. A job that is `open` is never removed; the others are, by [`JobsTrim`].

mod change;
mod query;
mod trim;

pub use change::{JobContent, JobInsert, JobOutcome, JobPut};
pub use query::{CountJobs, GetJob, JobCounts, JobPage, JobRecord, JobWhole, ListJobs, OpenJobs};
pub use trim::JobsTrim;

use crate::area::area;
use crate::limits::STATES;

area!(
    Job,
    /// Changes of jobs.
    ops JobOp -> JobReply {
        JobInsert => u64,
        JobPut => u64,
        JobContent => (),
        JobOutcome => (),
        JobsTrim => u64,
    }
    /// Questions about jobs.
    queries JobQuery -> JobAnswer {
        GetJob => Option<JobWhole>,
        ListJobs => JobPage,
        OpenJobs => Vec<JobRecord>,
        CountJobs => JobCounts,
    }
);

/// A set of states as bits: bit `n` stands for state `n`. Their meaning is the caller's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct JobStates(pub u16);

impl JobStates {
    /// Every state.
    pub const ALL: Self = Self(u16::MAX);

    /// This set and one more state; one beyond 15 adds nothing.
    #[must_use]
    pub const fn with(self, state: u8) -> Self {
        if state < STATES {
            Self(self.0 | 1 << state)
        } else {
            self
        }
    }

    /// Whether a state is in it.
    #[must_use]
    pub const fn has(self, state: u8) -> bool {
        state < STATES && self.0 & 1 << state != 0
    }

    /// The states in it, ascending.
    pub fn each(self) -> impl Iterator<Item = u8> {
        (0..STATES).filter(move |state| self.has(*state))
    }
}

impl FromIterator<u8> for JobStates {
    fn from_iter<T: IntoIterator<Item = u8>>(states: T) -> Self {
        states.into_iter().fold(Self::default(), Self::with)
    }
}

/// Why a change of a job is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JobRefusal {
    /// A job with this id is there.
    #[error("job {id} exists")]
    Exists {
        /// The job.
        id: String,
    },
    /// No job with this id.
    #[error("job {id} is unknown")]
    Unknown {
        /// The job.
        id: String,
    },
    /// It was changed since the version that was given.
    #[error("job {id} is at version {current}, not {given}")]
    Stale {
        /// The job.
        id: String,
        /// The version that was given.
        given: u64,
        /// Its version.
        current: u64,
    },
    /// It does not wait for its content, or no longer.
    #[error("job {id} does not wait for its content")]
    NotAwaited {
        /// The job.
        id: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_hold_what_was_put_in() {
        let set: JobStates = [0, 3, 15, 16, 255].into_iter().collect();
        assert_eq!(set.each().collect::<Vec<_>>(), [0, 3, 15]);
        assert!(set.has(15) && !set.has(1) && !set.has(16) && !set.has(255));
        assert_eq!(JobStates::ALL.each().count(), 16);
    }
}
