//! The nodes of the highest scores, as the matchmaker's view has them.

use clickhouse::Row;
use hypernode_warehouse::Client;
use serde::Deserialize;

use crate::query::{self, Error};

/// Most nodes of one answer.
pub const MAX_TOP: u64 = 100;

/// A registered node with its score.
#[derive(Debug, Clone, PartialEq, Eq, Row, Deserialize)]
pub struct Ranked {
    /// Node account, base58.
    pub node_id: String,
    /// The chain's `node_id` string: a label, not unique.
    pub label: String,
    /// HNR-1.
    pub score: u16,
    /// Good evidence after decay and caps, of 1/2^20.
    pub good: u64,
    /// The same for bad evidence.
    pub bad: u64,
    /// Requesters whose evidence still weighs.
    pub requesters: u32,
    /// Jobs that were good, however long ago.
    pub jobs_good: u64,
    /// Jobs that failed.
    pub jobs_failed: u64,
    /// Jobs that expired.
    pub jobs_expired: u64,
    /// What the score would cost to forge, raw HYPER of fees.
    pub forge_raw: u64,
    /// Wallets that a forger needs at least.
    pub forge_requesters: u32,
    /// Final slot that the score is of: of the newest step, or, while that is under way, of the one before.
    pub as_of_slot: u64,
}

/// The registered nodes of the highest scores, highest first, at most `limit` of them ([`MAX_TOP`] at most), as of the
/// newest final slot that was judged.
///
/// # Errors
/// When the warehouse does not answer.
pub async fn top(client: &Client, limit: u64) -> Result<Vec<Ranked>, Error> {
    let sql = query::fill(
        include_str!("../sql/top.sql"),
        &[("limit", limit.min(MAX_TOP))],
    );
    query::rows(client, "the nodes of the highest scores", &sql).await
}
