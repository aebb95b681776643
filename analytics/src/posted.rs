//! Figures that are posted rather than proven: kept in a table of their own, marked as such, and counted nowhere.

use clickhouse::Row;
use hypernode_warehouse::Client;
use serde::Serialize;

use crate::query::{self, Error};

/// Kinds of figures that may be posted.
pub const TYPES: [&str; 3] = ["node_registered", "job_completed", "on_chain_receipt"];

#[derive(Row, Serialize)]
struct Posted {
    at: i64,
    source: &'static str,
    r#type: String,
    data: String,
}

/// Keeps a posted figure: its type, one of [`TYPES`], and its data as JSON.
///
/// # Errors
/// When the warehouse does not take it.
pub async fn keep(client: &Client, of: &str, data: &str) -> Result<(), Error> {
    let at = chrono::Utc::now().timestamp_millis();
    let row = Posted {
        at,
        source: "posted",
        r#type: of.to_owned(),
        data: data.to_owned(),
    };
    query::insert(client, "a posted figure", "posted_metrics", &[row]).await
}
