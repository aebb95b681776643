//! What people and programs ask of dispatch, in its own words: submit, look, cancel, report. HTTP and agents speak to it.

mod limits;

use std::fmt;
use std::sync::Arc;

use hypernode_state::{Store, UnixMs};
use hypernode_wire::Catalog;

use crate::service::{Center, Clock};

pub use limits::Limits;

/// Everything that a desk works with.
#[derive(Clone)]
pub struct Desk {
    /// Where the dispatcher of now is found.
    pub center: Center,
    /// Where jobs, nodes and credits are kept.
    pub store: Arc<dyn Store>,
    /// What hosts may be told to run.
    pub catalog: Arc<Catalog>,
    /// The time.
    pub clock: Clock,
    /// How much anybody may ask for.
    pub limits: Limits,
}

impl Desk {
    /// Unix milliseconds now.
    pub fn now(&self) -> UnixMs {
        (self.clock)()
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
