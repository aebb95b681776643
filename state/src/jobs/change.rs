//! Changes of one job.

use crate::ids::{Address, UnixMs};
use crate::limits::{Bounded, CONTENT, Check, Checked, KIND, OUTCOME, RECORD};

/// Adds a job at version 1; its number: jobs are numbered from 1 in the order of commits, and no number is given twice.
/// Refused where the id is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobInsert {
    /// Its id; up to [`crate::limits::ID`] bytes.
    pub id: String,
    /// Whose it is.
    pub owner: Address,
    /// Its kind in the caller's words; up to [`KIND`] bytes.
    pub kind: String,
    /// Where it stands: 0 to 15.
    pub state: u8,
    /// Whether more is to happen to it.
    pub open: bool,
    /// The node that has to do with it.
    pub node: Option<String>,
    /// When something is due if nothing happens before.
    pub due: Option<UnixMs>,
    /// Whether [`JobContent`] may still replace its content, once.
    pub awaits_content: bool,
    /// The caller's record; up to [`RECORD`] bytes.
    pub record: Vec<u8>,
    /// What was submitted; up to [`CONTENT`] bytes.
    pub content: Vec<u8>,
    /// Now.
    pub at: UnixMs,
}

/// Changes a job; its version then, which is one more than before. Refused where it is unknown or its version is another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobPut {
    /// The job.
    pub id: String,
    /// The version that the change was made from.
    pub version: u64,
    /// Where it stands: 0 to 15.
    pub state: u8,
    /// Whether more is to happen to it. One that was over may be opened again.
    pub open: bool,
    /// The node that has to do with it.
    pub node: Option<String>,
    /// When something is due if nothing happens before.
    pub due: Option<UnixMs>,
    /// The caller's record; up to [`RECORD`] bytes.
    pub record: Vec<u8>,
    /// Now.
    pub at: UnixMs,
}

/// Gives a job the content that it waits for, which never changes after that; the version stays. Refused where the job is
/// unknown, its version is another, it does not wait for content, or it is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobContent {
    /// The job.
    pub id: String,
    /// Its version.
    pub version: u64,
    /// What was submitted; up to [`CONTENT`] bytes.
    pub content: Vec<u8>,
}

/// Keeps what came of a job in the place of what was kept before; the version stays. Refused where the job is unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobOutcome {
    /// The job.
    pub id: String,
    /// Result and logs; up to [`OUTCOME`] bytes.
    pub outcome: Vec<u8>,
}

impl Bounded for JobInsert {
    fn check(&self, check: &mut Check) -> Checked {
        check.id("id", &self.id)?;
        check.short("kind", &self.kind, KIND)?;
        check.state("state", self.state)?;
        check.maybe_id("node", self.node.as_deref())?;
        check.maybe_time("due", self.due)?;
        check.blob("record", &self.record, RECORD)?;
        check.blob("content", &self.content, CONTENT)?;
        check.time("at", self.at)
    }
}

impl Bounded for JobPut {
    fn check(&self, check: &mut Check) -> Checked {
        check.id("id", &self.id)?;
        check.state("state", self.state)?;
        check.maybe_id("node", self.node.as_deref())?;
        check.maybe_time("due", self.due)?;
        check.blob("record", &self.record, RECORD)?;
        check.time("at", self.at)
    }
}

impl Bounded for JobContent {
    fn check(&self, check: &mut Check) -> Checked {
        check.id("id", &self.id)?;
        check.blob("content", &self.content, CONTENT)
    }
}

impl Bounded for JobOutcome {
    fn check(&self, check: &mut Check) -> Checked {
        check.id("id", &self.id)?;
        check.blob("outcome", &self.outcome, OUTCOME)
    }
}
