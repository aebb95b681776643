//! Times and counts that an operator may set.

use serde::{Deserialize, Serialize};

/// Times in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rules {
    /// A lease, from its start or its last renewal.
    pub lease_ms: i64,
    /// What a run may take beyond its longest duration before it is given up.
    pub slack_ms: i64,
    /// Longest run of a host that says nothing while it runs (such programs stop a command at 300 s themselves).
    pub silent_run_ms: i64,
    /// A job that waits for its input is dead after this.
    pub input_ms: i64,
    /// A job that no attempt has ended is dead after this.
    pub queue_ms: i64,
    /// First pause between attempts; it doubles with each.
    pub backoff_ms: i64,
    /// Longest pause between attempts.
    pub backoff_cap_ms: i64,
    /// Offers made in a row before a pause.
    pub offers: u16,
    /// For how long a node gets a job not again that it lost or failed.
    pub exclude_failed_ms: i64,
    /// For how long a node gets a job not again that it did not take.
    pub exclude_declined_ms: i64,
    /// So many nodes on which the job itself failed make it poison.
    pub poison_nodes: u8,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            lease_ms: 45_000,
            slack_ms: 30_000,
            silent_run_ms: 300_000,
            input_ms: 24 * 3_600_000,
            queue_ms: 24 * 3_600_000,
            backoff_ms: 500,
            backoff_cap_ms: 30_000,
            offers: 5,
            exclude_failed_ms: 60_000,
            exclude_declined_ms: 10_000,
            poison_nodes: 3,
        }
    }
}
