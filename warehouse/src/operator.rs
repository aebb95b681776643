//! What the operator asks of a running indexer, and what it answers: `operator_requests` and `operator_answers`.

use clickhouse::Row;
use serde::Deserialize;

use crate::client::{Client, WarehouseError};
use crate::literal::string;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Do without slots that no source has.
    AcceptGap,
    /// Write slots anew.
    Repair,
    /// Store slots that are not stored.
    Backfill,
}

impl Kind {
    /// Its name in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AcceptGap => "accept_gap",
            Self::Repair => "repair",
            Self::Backfill => "backfill",
        }
    }
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, Row, Deserialize)]
pub struct Request {
    /// Names it.
    pub id: u64,
    /// First slot.
    pub slot_lo: u64,
    /// Last slot.
    pub slot_hi: u64,
    /// The operator's words.
    pub reason: String,
    /// Where to take slots from, if the request needs any.
    pub source: String,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq, Row, Deserialize)]
pub struct Answer {
    /// It was done.
    pub done: bool,
    /// In words.
    pub answer: String,
}

/// Asks; returns the request's id.
///
/// # Errors
/// What ClickHouse said.
pub async fn request(
    client: &Client,
    kind: Kind,
    (lo, hi): (u64, u64),
    reason: &str,
    source: &str,
) -> Result<u64, WarehouseError> {
    let id: u64 = rand::random();
    let sql = format!(
        "INSERT INTO operator_requests SELECT {id}, {}, {lo}, {hi}, {}, {}, now64(3)",
        string(kind.name()),
        string(reason),
        string(source)
    );
    client.execute(&sql).await?;
    Ok(id)
}

/// Requests of a kind that nobody has answered, oldest first.
///
/// # Errors
/// What ClickHouse said.
pub async fn pending(client: &Client, kind: Kind) -> Result<Vec<Request>, WarehouseError> {
    let sql = format!(
        "SELECT id, slot_lo, slot_hi, reason, source FROM operator_requests WHERE kind = {} \
         AND id NOT IN (SELECT id FROM operator_answers) ORDER BY requested_at, id",
        string(kind.name())
    );
    client.rows(&sql).await
}

/// Answers a request.
///
/// # Errors
/// What ClickHouse said.
pub async fn answer(
    client: &Client,
    id: u64,
    done: bool,
    answer: &str,
) -> Result<(), WarehouseError> {
    let sql = format!(
        "INSERT INTO operator_answers SELECT {id}, {done}, {}, now64(3)",
        string(answer)
    );
    client.execute(&sql).await
}

/// The answer to a request, if there is one yet.
///
/// # Errors
/// What ClickHouse said.
pub async fn answered(client: &Client, id: u64) -> Result<Option<Answer>, WarehouseError> {
    let sql = format!("SELECT done, answer FROM operator_answers WHERE id = {id} LIMIT 1");
    Ok(client.rows(&sql).await?.into_iter().next())
}
