//! What all routes share.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, PoisonError, RwLock};

use hypernode_dispatch::bridge::Inbox;
use hypernode_dispatch::desk::Desk;
use hypernode_dispatch::paper::Paper;
use hypernode_dispatch::sessions::Hub;
use hypernode_warehouse::Client;
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::auth::Access;
use crate::cache::Snapshots;
use crate::dashboards::PanelCache;
use crate::live::Live;
use crate::network::{NetworkInfo, ProgramIds};
use crate::posted::Posting;
use crate::standing::Standings;

/// What the running instance tells of itself, made anew at each call.
pub trait Report: Send + Sync {
    /// How it does, in the shape of `hypernode status --json`.
    fn status(&self) -> Value;

    /// Its metrics, as Prometheus' text.
    ///
    /// # Errors
    /// When a metric cannot be written.
    fn metrics(&self) -> Result<String, fmt::Error>;
}

/// Requests that are answered at a time; more are refused at once, so that a flood cannot queue up memory.
const REQUESTS: usize = 512;
/// Transactions that are looked up at a time: each reads a whole column, and no cache helps against guesses.
const LOOKUPS: usize = 4;

/// Everything a handler needs. Cheap to clone: each layer that a request passes does.
#[derive(Clone)]
pub struct ApiState(Arc<Inner>);

/// What is behind it. Its parts are shared between the servers of one instance.
#[derive(Clone)]
pub struct Inner {
    pub(crate) snapshots: Arc<Snapshots>,
    network: Arc<RwLock<Arc<NetworkInfo>>>,
    pub(crate) report: Arc<dyn Report>,
    pub(crate) client: Client,
    /// Whom posted figures are taken from; `None`: from nobody.
    pub(crate) posting: Option<Posting>,
    /// Who may do what; `None`: this server only answers reads.
    pub(crate) access: Option<Arc<Access>>,
    /// Where inputs of jobs of the chain are taken; `None`: no jobs are dispatched here.
    pub(crate) inbox: Option<Inbox>,
    /// Decisions on paper; `None`: no jobs are dispatched here.
    pub(crate) paper: Option<Paper>,
    /// Sockets of hosts; `None`: this server has none.
    pub(crate) hub: Option<Hub>,
    /// Jobs and nodes; `None`: this server does not dispatch.
    pub(crate) desk: Option<Arc<Desk>>,
    pub(crate) places: Arc<Semaphore>,
    pub(crate) lookups: Arc<Semaphore>,
    pub(crate) standings: Arc<Standings>,
    pub(crate) live: Arc<Live>,
    /// Ends what would not end by itself: open streams.
    pub(crate) stop: CancellationToken,
    pub(crate) panels: Arc<PanelCache>,
}

impl ApiState {
    /// State of a server that answers from `client`'s warehouse about `network`. A client that may only read suffices.
    #[must_use]
    pub fn new(client: Client, network: NetworkInfo, report: Arc<dyn Report>) -> Self {
        Self(Arc::new(Inner {
            snapshots: Arc::new(Snapshots::new(client.clone())),
            network: Arc::new(RwLock::new(Arc::new(network))),
            report,
            panels: Arc::new(PanelCache::new(client.clone())),
            client,
            posting: None,
            access: None,
            paper: None,
            hub: None,
            inbox: None,
            desk: None,
            places: Arc::new(Semaphore::new(REQUESTS)),
            lookups: Arc::new(Semaphore::new(LOOKUPS)),
            standings: Arc::default(),
            live: Arc::default(),
            stop: CancellationToken::new(),
        }))
    }

    /// Takes figures that are posted.
    #[must_use]
    pub fn posting(self, posting: Posting) -> Self {
        Self(Arc::new(Inner {
            posting: Some(posting),
            ..Arc::unwrap_or_clone(self.0)
        }))
    }

    /// Keeps accounts: those who prove who they are may do what is theirs.
    #[must_use]
    pub fn with_access(self, access: Arc<Access>) -> Self {
        Self(Arc::new(Inner {
            access: Some(access),
            ..Arc::unwrap_or_clone(self.0)
        }))
    }

    /// Takes inputs of jobs that were created on chain.
    #[must_use]
    pub fn with_inbox(self, inbox: Inbox) -> Self {
        Self(Arc::new(Inner {
            inbox: Some(inbox),
            ..Arc::unwrap_or_clone(self.0)
        }))
    }

    /// Tells decisions of a dispatcher.
    #[must_use]
    pub fn with_paper(self, paper: Paper) -> Self {
        Self(Arc::new(Inner {
            paper: Some(paper),
            ..Arc::unwrap_or_clone(self.0)
        }))
    }

    /// Takes sockets of hosts in.
    #[must_use]
    pub fn with_hub(self, hub: Hub) -> Self {
        Self(Arc::new(Inner {
            hub: Some(hub),
            ..Arc::unwrap_or_clone(self.0)
        }))
    }

    /// Answers for jobs and nodes.
    #[must_use]
    pub fn with_desk(self, desk: Arc<Desk>) -> Self {
        Self(Arc::new(Inner {
            desk: Some(desk),
            ..Arc::unwrap_or_clone(self.0)
        }))
    }

    /// The network as answers name it now.
    pub(crate) fn network(&self) -> Arc<NetworkInfo> {
        let network = self.network.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&network)
    }

    /// The same state for a server that stops with `stop`.
    pub(crate) fn until(self, stop: CancellationToken) -> Self {
        Self(Arc::new(Inner {
            stop,
            ..Arc::unwrap_or_clone(self.0)
        }))
    }

    /// From now on answers name these programs: IDLs may change while a server runs.
    pub fn set_programs(&self, programs: ProgramIds) {
        let mut network = self.network.write().unwrap_or_else(PoisonError::into_inner);
        if network.programs != programs {
            *network = Arc::new(NetworkInfo {
                programs,
                ..NetworkInfo::clone(&network)
            });
        }
    }
}

impl Deref for ApiState {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl fmt::Debug for ApiState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiState")
            .field("network", &self.network)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_that_change_are_what_answers_name_from_then_on() {
        let state = ApiState::bare("n").unwrap();
        let of_requests = state.clone();
        let programs = ProgramIds {
            job_receipt: Some("J".into()),
            ..ProgramIds::default()
        };
        state.set_programs(programs.clone());
        assert_eq!(of_requests.network().programs, programs);
        assert_eq!(of_requests.network().name, "n");
    }
}
