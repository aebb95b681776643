//! Nodes that come and go.

use std::collections::BTreeSet;

use hypernode_state::UnixMs;

use super::{Board, Denied, Step};
use crate::ids::{JobId, NodeId};
use crate::job::{Event, Manner};
use crate::matching::NodeFacts;

/// A node that is here, or whose jobs are.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) manner: Manner,
    /// What it is asked about or runs.
    pub(super) jobs: BTreeSet<JobId>,
}

impl Default for Node {
    fn default() -> Self {
        Self {
            manner: Manner::Renewed,
            jobs: BTreeSet::new(),
        }
    }
}

impl Board {
    pub(super) fn up(&mut self, mut facts: NodeFacts, manner: Manner, at: UnixMs) {
        let id = facts.id;
        let node = self.nodes.entry(id).or_default();
        node.manner = manner;
        facts.running = node.jobs.len().try_into().unwrap_or(u16::MAX);
        if let Some(standing) = self.standings.get(&id) {
            standing.tell(&mut facts);
        }
        self.pool.put(facts);
        self.freed(id, at);
    }

    pub(super) fn away(&mut self, node: NodeId) -> Result<(), Denied> {
        if self.pool.get(node).is_none() {
            return Err(Denied::UnknownNode);
        }
        self.pool.change(node, |facts| facts.online = false);
        Ok(())
    }

    pub(super) fn down(&mut self, id: NodeId, at: UnixMs, out: &mut Step) {
        self.pool.remove(id);
        let jobs: Vec<JobId> = self.held(id).collect();
        for job in jobs {
            // What it holds is held by it: the event cannot be refused.
            let _ = self.apply(job, Event::Gone { node: id }, at, out);
        }
        self.nodes.remove(&id);
    }
}
