//! The newest jobs and nodes, for the automation engine's validation page.

use clickhouse::Row;
use hypernode_warehouse::Client;
use serde::Deserialize;

use crate::facts;
use crate::newest;
use crate::query::{self, Error};
use crate::rollup::kept::{Completions, TRIES};

/// How many jobs the automation engine's page lists.
const JOBS: u64 = 50;
/// How many nodes it lists.
const NODES: u64 = 20;

/// A job as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq, Row, Deserialize)]
pub struct RecentJob {
    /// Job account, base58.
    pub job_id: String,
    /// The chain's job_id string: a label, not unique.
    pub job_label: String,
    /// Canonical job type, `unknown` if the creation was not seen.
    pub job_type: String,
    /// `created`, `assigned`, `completed`, `failed`, `cancelled` or `unknown`.
    pub state: String,
    /// Price in base units.
    pub price: u64,
    /// Block time of the creation, Unix seconds; 0 unknown.
    pub created_at: u32,
    /// Block time of the completion, Unix seconds; 0 while there is none.
    pub completed_at: u32,
    /// Signature of the completing transaction, else of the creating one, base58.
    pub tx_signature: String,
}

/// A node as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq, Row, Deserialize)]
pub struct RecentNode {
    /// Node account, base58.
    pub node_id: String,
    /// The chain's node_id string: a label, not unique.
    pub node_label: String,
    /// Owner's wallet, base58.
    pub node_owner: String,
    /// Last status, or `deregistered`.
    pub node_status: String,
    /// Completions that count as the node's own.
    pub jobs_completed: u64,
    /// Block time of the latest registration, Unix seconds.
    pub registered_at: u32,
}

/// The 50 newest jobs up to `as_of` (a slot), newest first.
///
/// # Errors
/// When the warehouse does not answer.
pub async fn recent_jobs(client: &Client, as_of: u64) -> Result<Vec<RecentJob>, Error> {
    let created = "kind = 'JobCreated' AND job != toFixedString('', 32)";
    let since = newest::since(client, as_of, "uniqExact(job)", created, JOBS).await?;
    let values = [("as_of", as_of), ("since", since), ("limit", JOBS)];
    let jobs = query::fill(include_str!("sql/newest_jobs.sql"), &values);
    let facts = facts::job_facts(as_of, facts::since(client, &jobs).await?);
    let sql = query::fill(include_str!("sql/recent_jobs.sql"), &values)
        .replace("{facts}", &facts)
        .replace("{jobs}", &jobs);
    query::rows(client, "the newest jobs", &sql).await
}

/// The 20 newest registrations up to `as_of` (a slot), newest first.
///
/// # Errors
/// When the warehouse does not answer.
pub async fn recent_nodes(client: &Client, as_of: u64) -> Result<Vec<RecentNode>, Error> {
    let registered = "kind = 'NodeRegistered' AND node != toFixedString('', 32)";
    let since = newest::since(client, as_of, "uniqExact(node)", registered, NODES).await?;
    let values = [("as_of", as_of), ("since", since), ("limit", NODES)];
    let newest = query::fill(include_str!("sql/newest_nodes.sql"), &values);
    let newest: Vec<Newest> = query::rows(client, "the newest nodes", &newest).await?;
    if newest.is_empty() {
        return Ok(Vec::new());
    }
    // By name, so that of each table only what these nodes have is read: a subquery would be asked once for each of them.
    let nodes = query::literals(newest.iter().map(|newest| &newest.node));
    let mut tries = 0..TRIES;
    loop {
        let kept = tries.next().is_some();
        let completions = Completions::up_to(client, as_of, kept).await?;
        let sql = query::fill(&query::plain(include_str!("sql/recent_nodes.sql")), &values);
        let sql = sql
            .replace("{nodes}", &nodes)
            .replace("{completions}", &completions.sql);
        let nodes = query::rows(client, "the newest nodes", &sql).await?;
        if completions.stand(client).await? {
            return Ok(nodes);
        }
    }
}

#[derive(Row, Deserialize)]
struct Newest {
    node: [u8; 32],
}
