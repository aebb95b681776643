//! Types of open jobs, for those who judge results before the dispatcher hears of them.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::ids::JobId;

/// Types of open jobs. Clones are one.
#[derive(Clone, Debug, Default)]
pub(super) struct Kinds(Arc<RwLock<HashMap<JobId, Arc<str>>>>);

impl Kinds {
    pub(super) fn of(jobs: impl Iterator<Item = (JobId, String)>) -> Self {
        let jobs = jobs.map(|(job, kind)| (job, kind.into()));
        Self(Arc::new(RwLock::new(jobs.collect())))
    }

    pub(super) fn get(&self, job: JobId) -> Option<Arc<str>> {
        let kinds = self.0.read().unwrap_or_else(PoisonError::into_inner);
        kinds.get(&job).cloned()
    }

    pub(super) fn add(&self, job: JobId, kind: &str) {
        let mut kinds = self.0.write().unwrap_or_else(PoisonError::into_inner);
        kinds.insert(job, kind.into());
    }

    pub(super) fn remove(&self, job: JobId) {
        let mut kinds = self.0.write().unwrap_or_else(PoisonError::into_inner);
        kinds.remove(&job);
    }
}
