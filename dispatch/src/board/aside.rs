//! Jobs that no node may have for a while although some would fit: they step aside so that others pass.

use hypernode_state::UnixMs;

use super::Board;
use crate::ids::{JobId, NodeId};
use crate::queue::ClassId;

impl Board {
    /// All nodes that fit the job are excluded, the first of them until `until`.
    pub(super) fn step_aside(&mut self, class: ClassId, id: JobId, until: UnixMs, at: UnixMs) {
        if let Some(open) = self.open.get_mut(&id) {
            open.aside = Some(until);
            self.aside.entry(class).or_default().insert(id);
            self.place(id, at);
        }
    }

    /// The job may be looked at again.
    pub(super) fn step_back(&mut self, id: JobId) {
        let Some(open) = self.open.get_mut(&id) else {
            return;
        };
        if open.aside.take().is_some()
            && let Some(aside) = self.aside.get_mut(&open.class)
        {
            aside.remove(&id);
            if aside.is_empty() {
                self.aside.remove(&open.class);
            }
        }
    }

    /// A node came, or a slot of it is free: whoever it fits is looked at again.
    pub(super) fn freed(&mut self, node: NodeId, at: UnixMs) {
        self.classes.wake_for_node(node, &self.pool);
        let mut fits = Vec::new();
        for (class, jobs) in &self.aside {
            let want = self.classes.want(*class, &self.pool);
            if want.is_some_and(|want| self.pool.fits(want, node)) {
                fits.extend(jobs.iter().copied());
            }
        }
        for id in fits {
            if self.job(id).is_some_and(|job| !job.excludes(node, at)) {
                self.step_back(id);
                self.place(id, at);
            }
        }
    }
}
