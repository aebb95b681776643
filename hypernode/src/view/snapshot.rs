//! What `hypernode status --json` says, typed. What an older instance does not say is absent, not an error.

use serde::Deserialize;
use serde_json::Value;

use crate::running::Endpoints;

/// The status of an instance.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Snapshot {
    pub(crate) version: String,
    pub(crate) network: String,
    /// Anybody on its machine may change anything.
    pub(crate) open_dev: bool,
    pub(crate) roles: Roles,
    pub(crate) endpoints: Endpoints,
}

/// The roles that have something to show.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Roles {
    pub(crate) indexer: Indexer,
    pub(crate) dispatch: Option<Dispatch>,
}

/// The dispatcher's part.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Dispatch {
    pub(crate) state: String,
    pub(crate) queued: u64,
    pub(crate) open: u64,
    pub(crate) nodes: u64,
    pub(crate) offers: u64,
    pub(crate) runs: u64,
    pub(crate) stale: u64,
    /// The day whose secret decisions are drawn with, in days since 1970.
    pub(crate) day: u64,
    /// The public key that decisions are signed by.
    pub(crate) key: String,
    pub(crate) facts: Facts,
}

/// What the dispatcher carries into the warehouse.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Facts {
    pub(crate) failing: bool,
}

/// The indexer's part. Slots are 0 where nothing is known.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Indexer {
    pub(crate) state: String,
    pub(crate) as_of_slot: u64,
    pub(crate) finalized_slot: u64,
    pub(crate) seen_slot: u64,
    pub(crate) confirmed_slot: u64,
    pub(crate) proven_slot: Option<u64>,
    pub(crate) rows: u64,
    pub(crate) retracted: u64,
    pub(crate) dead_letters: u64,
    pub(crate) malformed: u64,
    pub(crate) reconnects: u64,
    pub(crate) gap: Option<Gap>,
    pub(crate) first_slot: Option<u64>,
    pub(crate) missing: Missing,
    pub(crate) fill: Option<Fill>,
    pub(crate) rewriting: Option<Fill>,
    pub(crate) storing: Storing,
    pub(crate) queue: Queue,
    pub(crate) accounts: Accounts,
    pub(crate) message: Option<String>,
}

/// Holes behind the newest stored slot.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Missing {
    pub(crate) holes: usize,
    pub(crate) slots: u64,
    /// The newest of them.
    pub(crate) ranges: Vec<Gap>,
}

/// The hole that stops the chain.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Gap {
    pub(crate) from: u64,
    pub(crate) to: u64,
}

/// How far it is filled.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Fill {
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) done: u64,
    pub(crate) per_second: f64,
    pub(crate) eta_seconds: Option<u64>,
    pub(crate) stuck: Option<String>,
}

/// How long ClickHouse takes for a batch.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Storing {
    pub(crate) batches: u64,
    pub(crate) p50_ms: Option<u64>,
    pub(crate) p99_ms: Option<u64>,
    pub(crate) retries: u64,
}

/// What waits between source and decoder.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Queue {
    pub(crate) messages: u64,
    pub(crate) memory_bytes: u64,
    pub(crate) wal_messages: u64,
    pub(crate) wal_bytes: u64,
    pub(crate) wal_limit: u64,
    pub(crate) oldest_seconds: f64,
    pub(crate) paused: bool,
    pub(crate) message: Option<String>,
}

/// What is known of accounts.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Accounts {
    pub(crate) seen: u64,
    pub(crate) closed: u64,
    pub(crate) dropped: u64,
    pub(crate) snapshot_slot: u64,
    pub(crate) snapshot_accounts: u64,
    pub(crate) message: Option<String>,
}

impl Snapshot {
    /// Reads an instance's answer.
    ///
    /// # Errors
    /// When a member has another type than this version gives it.
    pub(crate) fn read(status: Value) -> serde_json::Result<Self> {
        serde_json::from_value(status)
    }
}
