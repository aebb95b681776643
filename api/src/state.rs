//! What all routes share.

use std::fmt;
use std::sync::Arc;

use hypernode_warehouse::Client;
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::cache::Snapshots;
use crate::network::NetworkInfo;

/// Tells how the running instance does, in the shape of `hypernode status --json`.
pub type StatusProvider = Arc<dyn Fn() -> Value + Send + Sync>;

/// Requests that are answered at a time; more are refused at once, so that a flood cannot queue up memory.
const REQUESTS: usize = 512;
/// Transactions that are looked up at a time: each reads a whole column, and no cache helps against guesses.
const LOOKUPS: usize = 4;

/// Everything a handler needs. Cheap to clone.
#[derive(Clone)]
pub struct ApiState {
    pub(crate) snapshots: Arc<Snapshots>,
    pub(crate) network: Arc<NetworkInfo>,
    pub(crate) status: StatusProvider,
    pub(crate) client: Client,
    pub(crate) places: Arc<Semaphore>,
    pub(crate) lookups: Arc<Semaphore>,
}

impl ApiState {
    /// State of a server that answers from `client`'s warehouse about `network`. A client that may only read suffices.
    #[must_use]
    pub fn new(client: Client, network: NetworkInfo, status: StatusProvider) -> Self {
        Self {
            snapshots: Arc::new(Snapshots::new(client.clone())),
            network: Arc::new(network),
            status,
            client,
            places: Arc::new(Semaphore::new(REQUESTS)),
            lookups: Arc::new(Semaphore::new(LOOKUPS)),
        }
    }
}

impl fmt::Debug for ApiState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiState")
            .field("network", &self.network)
            .finish_non_exhaustive()
    }
}
