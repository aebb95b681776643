//! What people and programs ask of dispatch, in its own words: submit, look, cancel, report. HTTP and agents speak to it.

mod cancel;
mod chain;
mod error;
mod ignored;
mod keep;
mod look;
mod matched;
mod poll;
mod repeat;
mod report;
mod scores;
mod sightings;
mod submit;
mod view;
mod wanted;
mod watch;
mod why;

use std::fmt;
use std::sync::Arc;

use hypernode_accounts::limits::Limiter;
use hypernode_state::{Store, UnixMs};
use hypernode_wire::Catalog;
use tokio::sync::{Mutex, Semaphore};

use crate::asked::Limits;
use crate::bridge::write::Clerk;
use crate::matching::{NodeFacts, Runs};
use crate::nodes::{NodeView, Nodes};
use crate::service::{Center, Clock};
use repeat::Underway;

pub use chain::{OnChain, ToSign, Written};
pub use error::{DeskError, JOB_TYPES};
pub use ignored::ignored;
pub use look::{JobsAsked, JobsFound, STATUSES, Summary};
pub use poll::Assigned;
pub use report::{Report, fault};
pub use scores::Scores;
pub use sightings::{GpuTold, Sighting, Sightings};
pub use submit::{Submit, Submitted};
pub use view::{JobView, attempts, cause, cost, host_status, node, status};
pub use wanted::Wanted;
pub use watch::{Follow, Following, Heard, Watch};

/// Turns to ask for a job over HTTP, and to create one on chain: two requests of one node, or wallet, take the same.
const TURNS: usize = 64;

/// Everything that a desk works with. Clones share it.
#[derive(Clone)]
pub struct Desk {
    /// Where the dispatcher of now is found.
    pub center: Center,
    /// Who the nodes are.
    pub nodes: Nodes,
    /// Where jobs, nodes and credits are kept.
    pub store: Arc<dyn Store>,
    /// What hosts may be told to run.
    pub catalog: Arc<Catalog>,
    /// The time.
    pub clock: Clock,
    /// How large what is asked for may be.
    pub limits: Limits,
    /// How often anybody may ask.
    pub limiter: Arc<Limiter>,
    /// Machines that only tell that they are there.
    pub sightings: Arc<Sightings>,
    /// What the chain says of nodes.
    pub scores: Arc<Scores>,
    /// Who follows jobs.
    pub watch: Arc<Watch>,
    /// Who creates jobs on chain; `None`: this instance writes nothing there.
    chain: Option<Clerk>,
    underway: Arc<Underway>,
    polls: Arc<[Mutex<()>]>,
    /// Turns to have a job created on chain: a wallet's go one after the other, since each counts on the sum of all.
    creations: Arc<[Mutex<()>]>,
    lists: Arc<Semaphore>,
}

/// What a desk is made of.
#[derive(Clone)]
pub struct Parts {
    /// Where the dispatcher of now is found.
    pub center: Center,
    /// Who the nodes are.
    pub nodes: Nodes,
    /// Where jobs, nodes and credits are kept: the dispatcher's own.
    pub store: Arc<dyn Store>,
    /// What hosts may be told to run.
    pub catalog: Arc<Catalog>,
    /// The time.
    pub clock: Clock,
    /// How large what is asked for may be.
    pub limits: Limits,
    /// How often anybody may ask.
    pub limiter: Arc<Limiter>,
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").finish_non_exhaustive()
    }
}

impl Desk {
    /// A desk of these parts. [`Desk::keep`] is to run beside it.
    pub fn new(parts: Parts) -> Self {
        Self {
            center: parts.center,
            nodes: parts.nodes,
            store: parts.store,
            catalog: parts.catalog,
            clock: parts.clock,
            limits: parts.limits,
            limiter: parts.limiter,
            sightings: Arc::default(),
            scores: Arc::default(),
            watch: Arc::default(),
            chain: None,
            underway: Arc::default(),
            polls: (0..TURNS).map(|_| Mutex::new(())).collect(),
            creations: (0..TURNS).map(|_| Mutex::new(())).collect(),
            lists: Arc::new(Semaphore::new(look::LISTS)),
        }
    }

    /// Jobs may be created on chain, through this clerk.
    #[must_use]
    pub fn with_chain(self, clerk: Clerk) -> Self {
        Self {
            chain: Some(clerk),
            ..self
        }
    }

    /// Unix milliseconds now.
    pub fn now(&self) -> UnixMs {
        (self.clock)()
    }

    /// What the matchmaker is told of a node that speaks HTTP.
    fn facts(&self, node: &NodeView) -> NodeFacts {
        NodeFacts {
            // It is told of a job whole. Not sandboxed, it gets free jobs of its owner alone.
            runs: Runs::Free,
            ..node.facts(self.scores.of(node.node.name()))
        }
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
