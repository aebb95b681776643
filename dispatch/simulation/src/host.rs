//! Hosts: those that renew leases and those that say nothing while they run; honest ones, lazy ones, liars.

use std::collections::{BTreeMap, BTreeSet};

use hypernode_dispatch::ids::{JobId, NodeId};
use hypernode_dispatch::job::Outcome;

use crate::events::Conn;

/// What a host's program does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Takes offers, renews leases, keeps results until they are acknowledged.
    Aware,
    /// Blocks while it runs; ends when its connection does, and is started again as a new node.
    Exits,
    /// Blocks while it runs; comes back as the same node, without what it ran.
    Returns,
}

/// What a host does that it should not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Vice {
    None,
    /// Takes jobs and never ends them.
    Idles,
    /// Sends results of jobs that it was never given, or of what it lost.
    Lies,
    /// Says everything twice.
    Repeats,
    /// Takes offers when they are over.
    Dawdles,
}

/// One host.
#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) kind: Kind,
    pub(crate) vice: Vice,
    pub(crate) slots: u16,
    pub(crate) ask: u64,
    /// Who it is for the dispatcher.
    pub(crate) node: NodeId,
    /// Rises whenever all that it was about to do is forgotten.
    pub(crate) life: u64,
    pub(crate) conn: Option<Conn>,
    pub(crate) running: BTreeSet<(JobId, u32)>,
    /// Results that nobody has acknowledged.
    pub(crate) results: BTreeMap<JobId, (u32, Outcome)>,
    /// Whatever it was ever told of: what a liar lies about.
    pub(crate) heard: Vec<(JobId, u32)>,
}

impl Host {
    /// The machine or the program is gone, and all that was in its memory.
    pub(crate) fn forget(&mut self) {
        self.life += 1;
        self.conn = None;
        self.running.clear();
        self.results.clear();
    }

    pub(crate) fn is_aware(&self) -> bool {
        self.kind == Kind::Aware
    }
}
