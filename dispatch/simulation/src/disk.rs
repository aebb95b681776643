//! What survives a kill.

use std::collections::HashMap;

use hypernode_dispatch::board::{Record, Step};
use hypernode_dispatch::ids::{JobId, NodeId};
use hypernode_dispatch::job::Effect;

/// What survives a kill. A group is there whole or not at all.
#[derive(Debug, Default)]
pub(crate) struct Disk {
    pub(crate) records: HashMap<JobId, Record>,
    pub(crate) credits: Vec<(JobId, NodeId, u64)>,
    /// Which job a client's request became.
    pub(crate) keys: HashMap<usize, JobId>,
}

impl Disk {
    pub(crate) fn keep(&mut self, step: &Step, keys: &[(usize, JobId)]) {
        for record in step.records() {
            self.records.insert(record.job.id, record.clone());
        }
        for (job, effect) in &step.effects {
            if let Effect::Credit { node, cost } = effect {
                self.credits.push((*job, *node, *cost));
            }
        }
        self.keys.extend(keys.iter().copied());
    }
}
