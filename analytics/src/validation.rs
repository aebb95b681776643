//! Receipts: the completions that anyone can look up on chain.

use clickhouse::Row;
use hypernode_warehouse::Client;
use serde::Deserialize;

use crate::facts;
use crate::newest;
use crate::query::{self, Error};

/// Most receipts that one answer holds.
pub const MAX_RECEIPTS: u64 = 500;

/// One `JobCompleted` with the facts of its job.
#[derive(Debug, Clone, PartialEq, Eq, Row, Deserialize)]
pub struct Receipt {
    /// Job account, base58.
    pub job_id: String,
    /// The chain's job_id string: a label, not unique.
    pub label: String,
    /// Canonical job type, `unknown` if the creation was not seen.
    pub job_type: String,
    /// Price in base units.
    pub price: u64,
    /// Node account that the completion counts for, base58; '' if the completer was not the assigned one.
    pub node_id: String,
    /// Wallet that submitted the result, base58; '' where the program does not say.
    pub completed_by: String,
    /// What the completer gave as the result's hash.
    pub result_hash: String,
    /// Slot of the completion.
    pub slot: u64,
    /// Its block time, Unix seconds; 0 unknown.
    pub block_time: u32,
    /// Signature of its transaction, base58.
    pub signature: String,
}

/// The newest receipts up to `as_of` (a slot), newest first, at most `limit` of them ([`MAX_RECEIPTS`] at most).
///
/// # Errors
/// When the warehouse does not answer.
pub async fn receipts(client: &Client, as_of: u64, limit: u64) -> Result<Vec<Receipt>, Error> {
    let limit = limit.min(MAX_RECEIPTS);
    let completed = "kind = 'JobCompleted' AND job != toFixedString('', 32)";
    let since = newest::since(client, as_of, "count()", completed, limit).await?;
    let jobs = format!(
        "SELECT job FROM canonical_events WHERE slot >= {since} AND slot <= {as_of} AND {completed} \
         ORDER BY slot DESC, tx_index DESC, outer_ix DESC, inner_ix DESC, ordinal DESC LIMIT {limit}"
    );
    let facts = facts::job_facts(as_of, facts::since(client, &jobs).await?);
    let values = [("as_of", as_of), ("since", since), ("limit", limit)];
    let sql = query::fill(include_str!("sql/receipts.sql"), &values).replace("{facts}", &facts);
    query::rows(client, "the newest receipts", &sql).await
}
