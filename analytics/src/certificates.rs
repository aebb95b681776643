//! What the index vouches for: a certificate per ledger row, and one for each gap that the operator does without.

use clickhouse::Row;
use hypernode_warehouse::Client;
use serde::{Deserialize, Serialize};

use crate::query::{self, Error};

/// Most certificates of one answer.
pub const MAX_CERTIFICATES: u64 = 500;

/// One certificate.
#[derive(Debug, Clone, PartialEq, Eq, Row, Deserialize, Serialize)]
pub struct Certificate {
    /// First slot.
    pub from: u64,
    /// Last slot.
    pub to: u64,
    /// `proven` or `missing`.
    pub status: String,
    /// Parent of the first block.
    pub parent_slot: u64,
    /// Its hash, '' where nothing is proven.
    pub parent_blockhash: String,
    /// Slot of the last block.
    pub last_block_slot: u64,
    /// Its hash.
    pub last_blockhash: String,
    /// Blocks.
    pub blocks: u64,
    /// Slots that are proven to hold none.
    pub skipped: u64,
    /// Transactions, as the chain counted them (0 where the source does not say).
    pub transactions_executed: u64,
    /// Transactions that are stored.
    pub transactions_matched: u64,
    /// Of these, failed ones.
    pub transactions_failed: u64,
    /// Where the blocks came from.
    pub source: String,
    /// The weakest proof of its blocks: `block`, `count` or `none`.
    pub proof: String,
    /// Epoch in which it was written.
    pub epoch: u32,
    /// Its place among all changes.
    pub seq: u64,
    /// Why slots are missing.
    pub reason: String,
    /// When, ISO 8601.
    pub at: String,
}

/// Certificates of slots from `from` to `to`, none of them beyond `as_of`, in slot order; at most `limit`, which may be one
/// more than [`MAX_CERTIFICATES`] for who wants to know whether there are more.
///
/// # Errors
/// When the warehouse does not answer.
pub async fn certificates(
    client: &Client,
    from: u64,
    to: u64,
    as_of: u64,
    limit: u64,
) -> Result<Vec<Certificate>, Error> {
    let values = [
        ("from", from),
        ("to", to),
        ("as_of", as_of),
        ("limit", limit.min(MAX_CERTIFICATES + 1)),
    ];
    let sql = query::fill(include_str!("sql/certificates.sql"), &values);
    query::rows(client, "certificates", &sql).await
}
