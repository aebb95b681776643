//! Jobs with equal needs, and which of them are worth a look.

use std::collections::{BTreeSet, HashMap};

use crate::ids::NodeId;
use crate::matching::{Needs, Pool, Want};
use crate::queue::ClassId;

/// Needs that some open job has.
#[derive(Debug, Default)]
pub(super) struct Classes {
    by_needs: HashMap<Needs, ClassId>,
    classes: HashMap<ClassId, Class>,
    /// Some job waits, and a node may fit.
    awake: BTreeSet<ClassId>,
    /// No node fitted: looked at again when one comes that does.
    asleep: BTreeSet<ClassId>,
    last: u32,
}

#[derive(Debug)]
struct Class {
    want: Want,
    jobs: usize,
}

impl Classes {
    /// The class of a job that comes.
    pub(super) fn enter(&mut self, needs: &Needs, pool: &Pool) -> ClassId {
        if let Some(id) = self.by_needs.get(needs)
            && let Some(class) = self.classes.get_mut(id)
        {
            class.jobs += 1;
            return *id;
        }
        // Never given twice: what speaks of a class that is gone speaks of nothing.
        self.last = self.last.wrapping_add(1);
        let (id, want) = (ClassId(self.last), pool.want(needs));
        self.by_needs.insert(needs.clone(), id);
        self.classes.insert(id, Class { want, jobs: 1 });
        id
    }

    /// One job fewer.
    pub(super) fn leave(&mut self, id: ClassId) {
        let Some(class) = self.classes.get_mut(&id) else {
            return;
        };
        class.jobs = class.jobs.saturating_sub(1);
        if class.jobs == 0 {
            self.by_needs.remove(class.want.needs());
            self.classes.remove(&id);
            self.awake.remove(&id);
            self.asleep.remove(&id);
        }
    }

    /// What the class wants, by the pool's numbers of now.
    pub(super) fn want(&mut self, id: ClassId, pool: &Pool) -> Option<&Want> {
        let class = self.classes.get_mut(&id)?;
        pool.refresh(&mut class.want);
        Some(&class.want)
    }

    /// A job of the class came to the queue. One that sleeps goes on sleeping: nothing fits it.
    pub(super) fn wake_for_job(&mut self, id: ClassId) {
        if !self.asleep.contains(&id) {
            self.awake.insert(id);
        }
    }

    /// A node came, or a slot of it is free.
    pub(super) fn wake_for_node(&mut self, node: NodeId, pool: &Pool) {
        let asleep: Vec<ClassId> = self.asleep.iter().copied().collect();
        for id in asleep {
            if self
                .want(id, pool)
                .is_some_and(|want| pool.fits(want, node))
            {
                self.asleep.remove(&id);
                self.awake.insert(id);
            }
        }
    }

    /// An owner that was passed over takes part again.
    pub(super) fn wake_all(&mut self) {
        self.awake
            .extend(self.classes.keys().filter(|id| !self.asleep.contains(id)));
    }

    pub(super) fn sleep(&mut self, id: ClassId) {
        self.awake.remove(&id);
        self.asleep.insert(id);
    }

    /// Nothing of the class waits.
    pub(super) fn rest(&mut self, id: ClassId) {
        self.awake.remove(&id);
    }

    pub(super) fn awake(&self) -> Vec<ClassId> {
        self.awake.iter().copied().collect()
    }
}
