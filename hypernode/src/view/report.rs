//! What a running instance tells of itself: `/internal/status` and `/metrics`.

use std::fmt;

use hypernode_api::Report;
use hypernode_indexer::pipeline::{FillStatus, IndexerStatus, State, StatusHandle};
use serde_json::{Value, json};

use super::{DispatchReport, metrics};
use crate::indexing::{IdlStatus, Kept, Told};
use crate::running::Endpoints;

/// Holes that are told by range.
const MAPPED: usize = 256;

/// Everything that is asked about.
pub(crate) struct InstanceReport {
    pub(crate) status: StatusHandle,
    pub(crate) kept: Kept,
    pub(crate) idls: Told,
    pub(crate) network: String,
    pub(crate) endpoints: Endpoints,
    pub(crate) serves_api: bool,
    pub(crate) indexes: bool,
    pub(crate) dispatch: Option<DispatchReport>,
    pub(crate) open_dev: bool,
}

impl Report for InstanceReport {
    fn status(&self) -> Value {
        let now = self.status.get();
        let idls = self.idls.get(now.seen_slot);
        let mut roles = json!({});
        if self.indexes {
            roles["indexer"] = indexer(&now, &idls);
            roles["indexer"]["kept"] = self.kept.json();
        }
        if self.serves_api {
            roles["api"] = json!({ "state": "running", "as_of_slot": now.as_of_slot });
        }
        if let Some(dispatch) = &self.dispatch {
            roles["dispatch"] = dispatch.json();
        }
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "network": self.network,
            "open_dev": self.open_dev,
            "roles": roles,
            "endpoints": self.endpoints,
        })
    }

    fn metrics(&self) -> Result<String, fmt::Error> {
        metrics::exposition(
            &self.status,
            &self.kept,
            self.dispatch.clone(),
            &self.network,
        )
    }
}

fn indexer(now: &IndexerStatus, idls: &IdlStatus) -> Value {
    let retry_at = now
        .retry_at
        .map(|time| chrono::DateTime::<chrono::Utc>::from(time).to_rfc3339());
    json!({
        "state": if now.state == State::Stopped { "stopped" } else { now.state.name() },
        "as_of_slot": now.as_of_slot,
        "finalized_slot": now.finalized_slot,
        "seen_slot": now.seen_slot,
        "confirmed_slot": now.confirmed_slot,
        "proven_slot": now.proven_slot,
        "rows": now.rows,
        "retracted": now.retracted,
        "dead_letters": now.dead_letters,
        "malformed": now.malformed,
        "reconnects": now.reconnects,
        "gap": now.gap.map(|gap| json!({ "from": gap.after + 1, "to": gap.before.saturating_sub(1) })),
        "first_slot": now.missing.first,
        "missing": missing(now),
        "fill": now.fill.as_ref().map(progress),
        "rewriting": now.rewriting.as_ref().map(progress),
        "storing": {
            "batches": now.storing.count(),
            "p50_ms": now.storing.within(0.5),
            "p99_ms": now.storing.within(0.99),
            "retries": now.store_retries,
        },
        "queue": {
            "messages": now.queue.messages,
            "memory_bytes": now.queue.memory_bytes,
            "wal_messages": now.queue.wal_messages,
            "wal_bytes": now.queue.wal_bytes,
            "wal_limit": now.queue.wal_limit,
            "oldest_seconds": now.queue.age(),
            "paused": now.queue.paused,
            "message": now.queue.message,
        },
        "accounts": {
            "seen": now.accounts.seen,
            "closed": now.accounts.closed,
            "dropped": now.accounts.dropped,
            "snapshot_slot": now.accounts.snapshot_slot,
            "snapshot_accounts": now.accounts.snapshot_accounts,
            "message": now.accounts.message,
        },
        "retry_at": retry_at,
        "idls": idls,
        "message": now.message.as_ref().or(idls.refused.as_ref()),
    })
}

/// Holes behind the newest stored slot: how many, of how many slots, and the newest of them by range.
fn missing(now: &IndexerStatus) -> Value {
    let holes = &now.missing.holes;
    let newest = holes.len().saturating_sub(MAPPED);
    let ranges = holes.iter().skip(newest);
    let ranges: Vec<Value> = ranges
        .map(|(from, to)| json!({ "from": from, "to": to }))
        .collect();
    let slots: u64 = holes.iter().map(|(from, to)| to - from + 1).sum();
    json!({ "holes": holes.len(), "slots": slots, "ranges": ranges })
}

fn progress(fill: &FillStatus) -> Value {
    json!({
        "from": fill.from,
        "to": fill.to,
        "done": fill.done,
        "per_second": fill.per_second,
        "eta_seconds": fill.eta().map(|eta| eta.as_secs()),
        "stuck": fill.stuck,
    })
}
