//! Clients: they send a request until they have an answer.

use hypernode_dispatch::ids::JobId;

/// One request of a client.
#[derive(Clone, Debug, Default)]
pub(crate) struct Client {
    /// The job that the answer named.
    pub(crate) answer: Option<JobId>,
    /// Whether it asked for the job to be cancelled.
    pub(crate) cancels: bool,
    pub(crate) owner: u8,
    pub(crate) budget: u64,
    pub(crate) max_duration_s: u32,
    pub(crate) max_retries: u8,
    pub(crate) priority: u8,
}
