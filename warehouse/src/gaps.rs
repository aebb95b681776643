//! Slots that no source has delivered: the table `gaps`.

use clickhouse::Row;
use serde::Deserialize;

use crate::client::{Client, WarehouseError};
use crate::literal::string;

/// Where a gap stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GapState {
    /// Nobody has delivered it yet.
    Open,
    /// A source has.
    Filled,
    /// The operator does without. Stays so.
    Accepted,
}

impl GapState {
    /// Its name in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Filled => "filled",
            Self::Accepted => "accepted",
        }
    }
}

/// The newest state of a range.
#[derive(Debug, Clone, PartialEq, Eq, Row, Deserialize)]
pub struct GapRow {
    /// First slot.
    pub slot_lo: u64,
    /// Last slot.
    pub slot_hi: u64,
    /// `open`, `filled` or `accepted`.
    pub state: String,
    /// Why nobody has it, or why it is accepted.
    pub reason: String,
    /// Who said so.
    pub source: String,
    /// When, as UTC text.
    pub at: String,
}

/// Appends a state of the slots `lo..=hi`.
///
/// # Errors
/// What ClickHouse said.
pub async fn record(
    client: &Client,
    (lo, hi): (u64, u64),
    state: GapState,
    reason: &str,
    source: &str,
) -> Result<(), WarehouseError> {
    // The same words twice are two states: no token, and no deduplication by content.
    let sql = format!(
        "INSERT INTO gaps SETTINGS insert_deduplicate = 0 SELECT {lo}, {hi}, {}, {}, {}, now64(3)",
        string(state.name()),
        string(reason),
        string(source)
    );
    client.execute(&sql).await
}

/// The newest state of every range, in slot order; a range once accepted stays accepted.
///
/// # Errors
/// What ClickHouse said.
pub async fn list(client: &Client) -> Result<Vec<GapRow>, WarehouseError> {
    let sql = "SELECT slot_lo, slot_hi, toString(newest.1) AS state, newest.2 AS reason, toString(newest.3) AS source, \
        toString(last) AS at FROM (SELECT slot_lo, slot_hi, max(g.at) AS last, \
        argMax((g.state, g.reason, g.source), (g.state = 'accepted', g.at)) AS newest \
        FROM gaps AS g GROUP BY slot_lo, slot_hi) ORDER BY slot_lo, slot_hi";
    client.rows(sql).await
}

/// The ranges that the operator does without, in slot order.
///
/// # Errors
/// What ClickHouse said.
pub async fn accepted(client: &Client) -> Result<Vec<(u64, u64)>, WarehouseError> {
    let sql = "SELECT DISTINCT slot_lo, slot_hi FROM gaps WHERE state = 'accepted' ORDER BY slot_lo, slot_hi";
    client.rows(sql).await
}
