//! Questions about jobs.

use super::JobStates;
use crate::ids::{Address, UnixMs};
use crate::limits::{Bounded, Check, Checked, KIND, STATES};

/// One job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetJob {
    /// The job.
    pub id: String,
    /// Whether its content is asked for.
    pub content: bool,
    /// Whether its outcome is asked for.
    pub outcome: bool,
}

/// Jobs that fit, newest first. It looks at [`crate::limits::SCANNED`] jobs at most (those of the owner; else of the node;
/// else of the states; else all), so that a page may hold fewer than there are: [`JobPage::next`] says where to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListJobs {
    /// Only this owner's.
    pub owner: Option<Address>,
    /// Only of this kind.
    pub kind: Option<String>,
    /// Only those of this node.
    pub node: Option<String>,
    /// Only those in these states; at least one.
    pub states: JobStates,
    /// Only numbers less than this.
    pub before: Option<u64>,
    /// At most so many; up to [`crate::limits::PAGE`].
    pub limit: u32,
}

/// Jobs that are open, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenJobs {
    /// Only numbers greater than this; 0 for all.
    pub after: u64,
    /// At most so many; up to [`crate::limits::PAGE`].
    pub limit: u32,
}

/// How many jobs are in each state, from kept counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountJobs {
    /// Only this owner's.
    pub owner: Option<Address>,
}

/// A job as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRecord {
    /// Its place in the order of submissions, from 1.
    pub number: u64,
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub owner: Address,
    /// Its kind.
    pub kind: String,
    /// Where it stands: 0 to 15.
    pub state: u8,
    /// Whether more is to happen to it.
    pub open: bool,
    /// The node that has to do with it.
    pub node: Option<String>,
    /// When something is due if nothing happens before.
    pub due: Option<UnixMs>,
    /// Whether its content may still be replaced, once.
    pub awaits_content: bool,
    /// The number of its last change, from 1.
    pub version: u64,
    /// When it was added.
    pub created_at: UnixMs,
    /// When it was last put.
    pub changed_at: UnixMs,
    /// The caller's record.
    pub record: Vec<u8>,
}

/// A job with what was asked for beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobWhole {
    /// The job.
    pub job: JobRecord,
    /// What was submitted; `None` where it was not asked for.
    pub content: Option<Vec<u8>>,
    /// What came of it; `None` where it was not asked for, or there is nothing yet.
    pub outcome: Option<Vec<u8>>,
}

/// Some of the jobs that fit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JobPage {
    /// The jobs, newest first.
    pub jobs: Vec<JobRecord>,
    /// What [`ListJobs::before`] must be to go on; `None` where that would find nothing.
    pub next: Option<u64>,
}

/// How many jobs are in each state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JobCounts(pub [u64; STATES as usize]);

impl JobCounts {
    /// How many are in any of these states.
    #[must_use]
    pub fn of(&self, states: JobStates) -> u64 {
        let each = states.each().filter_map(|n| self.0.get(usize::from(n)));
        each.sum()
    }
}

impl Bounded for GetJob {
    fn check(&self, check: &mut Check) -> Checked {
        check.id("id", &self.id)
    }
}

impl Bounded for ListJobs {
    fn check(&self, check: &mut Check) -> Checked {
        if let Some(kind) = &self.kind {
            check.short("kind", kind, KIND)?;
        }
        check.maybe_id("node", self.node.as_deref())?;
        check.that("states", self.states.0 != 0, "name at least one state")?;
        check.page("limit", self.limit)
    }
}

impl Bounded for OpenJobs {
    fn check(&self, check: &mut Check) -> Checked {
        check.page("limit", self.limit)
    }
}

impl Bounded for CountJobs {
    fn check(&self, _: &mut Check) -> Checked {
        Ok(())
    }
}
