//! When each job is to be looked at again.

use std::collections::{BTreeSet, HashMap};

use hypernode_state::UnixMs;

use crate::ids::JobId;

/// At most one time for each job.
#[derive(Debug, Default)]
pub(super) struct Timers {
    order: BTreeSet<(UnixMs, JobId)>,
    by_job: HashMap<JobId, UnixMs>,
}

impl Timers {
    pub(super) fn set(&mut self, job: JobId, at: Option<UnixMs>) {
        let before = match at {
            Some(at) => self.by_job.insert(job, at),
            None => self.by_job.remove(&job),
        };
        if before == at {
            return;
        }
        if let Some(before) = before {
            self.order.remove(&(before, job));
        }
        if let Some(at) = at {
            self.order.insert((at, job));
        }
    }

    pub(super) fn next(&self) -> Option<UnixMs> {
        self.order.first().map(|(at, _)| *at)
    }

    /// A job whose time has come.
    pub(super) fn pop(&mut self, at: UnixMs) -> Option<JobId> {
        let (_, job) = self.order.first().copied().filter(|(due, _)| *due <= at)?;
        self.set(job, None);
        Some(job)
    }
}
