//! All open jobs and all nodes, held together: what comes in changes them, what must be kept and done comes out.
//!
//! The board reads no clock, draws no lot of its own and touches no disk. Whoever drives it feeds it [`Input`]s, calls
//! [`Board::pump`] so that free nodes get jobs, keeps what [`Step`] holds, and only then does what it says. If it cannot
//! be kept, the board is thrown away and built anew from what was: [`Board::restore`].

mod aside;
mod classes;
mod config;
mod input;
mod jobs;
mod node;
mod owners;
mod pump;
mod standing;
mod step;
mod timers;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use hypernode_state::UnixMs;

use classes::Classes;
use jobs::Open;
use node::Node;
use owners::Owners;
use timers::Timers;

use crate::ids::{JobId, NodeId};
use crate::job::{Event, Job, Refusal};
use crate::matching::seed::{DaySecret, Seed};
use crate::matching::{Algorithm, Candidate, EXACT, Needs, NodeFacts, Pool};
use crate::queue::{ClassId, Queue, Ticket};

pub use config::Config;
pub use input::{Input, Submission};
pub use jobs::{Record, Spec};
pub use standing::Standing;
pub use step::{Denied, Step};

/// The node that comes first for what is needed, as things stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// What is known of it.
    pub facts: NodeFacts,
    /// Its place among the others: U, or the old formula in millionths.
    pub candidate: Candidate,
    /// Nodes that would do.
    pub eligible: u32,
}

/// All open jobs and all nodes.
#[derive(Debug)]
pub struct Board {
    config: Config,
    secret: DaySecret,
    /// The slot that reputations are of.
    slot: Option<u64>,
    /// What the chain says of nodes, here or not.
    standings: HashMap<NodeId, Standing>,
    open: HashMap<JobId, Open>,
    tickets: HashMap<Ticket, JobId>,
    /// The last number in the order of submissions.
    last: Ticket,
    queue: Queue,
    classes: Classes,
    pool: Pool,
    nodes: HashMap<NodeId, Node>,
    owners: Owners,
    timers: Timers,
    /// Jobs that stepped aside, by class.
    aside: BTreeMap<ClassId, BTreeSet<JobId>>,
}

impl Board {
    /// An empty board. `secret` is that of the day; see [`Board::turn_day`].
    pub fn new(mut config: Config, secret: DaySecret) -> Self {
        config.half_stake = config.half_stake.min(EXACT);
        Self {
            pool: Pool::new(config.half_stake),
            owners: Owners::new(config.most_running, config.most_open),
            config,
            secret,
            slot: None,
            standings: HashMap::new(),
            open: HashMap::new(),
            tickets: HashMap::new(),
            last: 0,
            queue: Queue::default(),
            classes: Classes::default(),
            nodes: HashMap::new(),
            timers: Timers::default(),
            aside: BTreeMap::new(),
        }
    }

    /// A board with what was kept: all open jobs, in any order. Nodes come back by themselves; a lease goes on until then.
    pub fn restore(
        config: Config,
        secret: DaySecret,
        records: impl IntoIterator<Item = Record>,
        at: UnixMs,
    ) -> Self {
        let mut board = Self::new(config, secret);
        for record in records {
            if !record.job.is_over() {
                board.admit(record, at);
            }
        }
        board
    }

    /// Decisions from now on are made with this day's secret.
    pub fn turn_day(&mut self, secret: DaySecret) {
        self.secret = secret;
    }

    /// The day whose secret decisions are made with.
    pub fn day(&self) -> u32 {
        self.secret.day()
    }

    /// Reputations that come from now on are of this slot.
    pub fn set_slot(&mut self, slot: u64) {
        self.slot = Some(slot);
    }

    /// The slot that reputations are of.
    pub fn slot(&self) -> Option<u64> {
        self.slot
    }

    /// Takes one input. Nothing is given to nodes before [`Board::pump`].
    ///
    /// # Errors
    /// Why it changes nothing.
    pub fn take(&mut self, input: Input, at: UnixMs, out: &mut Step) -> Result<(), Denied> {
        match input {
            Input::Submit(submission) => self.submit(*submission, at, out),
            Input::Arrived { job, needs } => self.arrived(job, *needs, at, out),
            Input::Cancel { job, by, running } => {
                self.apply(job, Event::Cancel { by, running }, at, out)
            }
            Input::Replay(record) => self.again(*record, &Event::Replay, at, out),
            Input::Reopen { record, waits } => {
                self.again(*record, &Event::Reopen { waits }, at, out)
            }
            Input::Elsewhere { job, stands, cost } => {
                self.apply(job, Event::Elsewhere { stands, cost }, at, out)
            }
            Input::Corrected { record, event } => self.again(*record, &event, at, out),
            Input::Up { facts, manner } => {
                self.up(*facts, manner, at);
                Ok(())
            }
            Input::Away { node } => self.away(node),
            Input::Down { node } => {
                self.down(node, at, out);
                Ok(())
            }
            Input::Accept { node, job, fence } => {
                self.apply(job, Event::Accept { node, fence }, at, out)
            }
            Input::Reject { node, job, fence } => {
                self.apply(job, Event::Reject { node, fence }, at, out)
            }
            Input::Renew { node, job, fence } => {
                self.apply(job, Event::Renew { node, fence }, at, out)
            }
            Input::Ended {
                node,
                job,
                fence,
                outcome,
            } => {
                let fence = self.spoken_of(node, job, fence)?;
                let event = Event::Ended {
                    node,
                    fence,
                    outcome,
                };
                self.apply(job, event, at, out)
            }
        }
    }

    /// The fence of a result that carries none: that of what the node holds. Programs that know no fences are given one
    /// job at a time, and by one connection.
    fn spoken_of(&self, node: NodeId, job: JobId, fence: Option<u32>) -> Result<u32, Denied> {
        let open = self.open.get(&job).ok_or(Denied::UnknownJob)?;
        match (fence, open.record.job.holder()) {
            (Some(fence), _) => Ok(fence),
            (None, Some(holder)) if holder == node => Ok(open.record.job.fence),
            (None, _) => Err(Denied::Job(Refusal::Stale {
                now: open.record.job.fence,
            })),
        }
    }

    /// Lets pass what is over by `at`: offers, leases, pauses.
    pub fn tick(&mut self, at: UnixMs, out: &mut Step) {
        while let Some(job) = self.timers.pop(at) {
            self.due(job, at, out);
        }
    }

    /// When [`Board::tick`] has something to do.
    pub fn next_tick(&self) -> Option<UnixMs> {
        self.timers.next()
    }

    /// An open job.
    pub fn job(&self, job: JobId) -> Option<&Job> {
        self.open.get(&job).map(|open| &open.record.job)
    }

    /// All open jobs.
    pub fn jobs(&self) -> impl Iterator<Item = &Record> {
        self.open.values().map(|open| &open.record)
    }

    /// Open jobs.
    pub fn open(&self) -> usize {
        self.open.len()
    }

    /// Jobs that wait for a node.
    pub fn queued(&self) -> usize {
        self.queue.len()
    }

    /// What a node holds.
    pub fn held(&self, node: NodeId) -> impl Iterator<Item = JobId> + '_ {
        self.nodes
            .get(&node)
            .into_iter()
            .flat_map(|node| node.jobs.iter().copied())
    }

    /// The nodes as the matchmaker sees them.
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// The node that comes first for what is needed, as things stand; nothing is drawn and nothing given.
    pub fn preview(&mut self, needs: &Needs, algorithm: Option<Algorithm>) -> Option<Preview> {
        let want = self.pool.want(needs);
        let algorithm = algorithm.unwrap_or(self.config.algorithm);
        let decision = self.pool.choose(algorithm, &want, &[], &Seed([0; 32]))?;
        let candidate = *decision.candidates.first()?;
        let facts = self.pool.get(candidate.node)?.clone();
        Some(Preview {
            facts,
            candidate,
            eligible: decision.eligible,
        })
    }
}

#[cfg(test)]
mod tests;
