//! What comes from the board.

use std::collections::HashMap;

use super::jobs::Record;
use crate::ids::JobId;
use crate::job::{Effect, Refusal};
use crate::matching::Receipt;

/// What is to be kept as one, and what is to be done once it is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    records: Vec<Record>,
    places: HashMap<JobId, usize>,
    /// In the order in which they came about.
    pub effects: Vec<(JobId, Effect)>,
    /// Decisions on paper.
    pub receipts: Vec<Receipt>,
}

impl Step {
    /// Jobs that changed, each once and as it is now.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty() && self.effects.is_empty()
    }

    pub(super) fn keep(&mut self, record: Record) {
        match self.places.get(&record.job.id) {
            Some(place) => self.records[*place] = record,
            None => {
                self.places.insert(record.job.id, self.records.len());
                self.records.push(record);
            }
        }
    }
}

/// Why an input changed nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// No open job has this name.
    #[error("no such job is open")]
    UnknownJob,
    /// An open job has this name already.
    #[error("the job is there already")]
    KnownJob,
    /// No node has this name.
    #[error("no such node is connected")]
    UnknownNode,
    /// The owner has as many open jobs as it may have.
    #[error("{0} jobs are open; more are accepted when some of them have ended")]
    TooManyOpen(u32),
    /// The job is not in a state for it.
    #[error(transparent)]
    Job(#[from] Refusal),
}
