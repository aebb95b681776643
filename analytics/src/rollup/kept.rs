//! How far the sums have come, and completions from them.

use clickhouse::Row;
use hypernode_warehouse::Client;
use serde::Deserialize;

use super::sql::{self, Which};
use crate::query::{self, Error};

/// Times that a figure is asked for again because the sums have moved on meanwhile.
pub(crate) const TRIES: u32 = 5;

/// How far the sums have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Row, Deserialize)]
pub(super) struct Checkpoint {
    /// Last slot that is in the sums.
    pub(super) slot: u64,
    /// Newest change of the ledger that was heeded.
    pub(super) seq: u64,
    /// Number of the step that wrote it.
    pub(super) step: u64,
}

impl Checkpoint {
    /// Its row in `metrics_hours`, as a SELECT.
    pub(super) fn row(&self) -> String {
        let Self { slot, seq, step } = self;
        format!(
            "SELECT 'checkpoint', toDateTime(0, 'UTC'), '', '', toFixedString('', 32), toFixedString('', 32), toUInt64(0), toInt64(0), \
             toInt128(0), {step}, {slot}, {seq}"
        )
    }
}

/// The checkpoint, if there is one.
pub(super) async fn checkpoint(client: &Client) -> Result<Option<Checkpoint>, Error> {
    let sql = "SELECT slot, seq, step FROM metrics_hours FINAL WHERE what = 'checkpoint'";
    Ok(query::rows(client, "the metrics' checkpoint", sql)
        .await?
        .pop())
}

/// A statement, and what it holds for.
pub(crate) struct Completions {
    /// Its rows `node`, `n` add up to the completions that count as each node's own.
    pub(crate) sql: String,
    kept: Option<Checkpoint>,
}

impl Completions {
    /// Of completions up to `as_of`. From all facts where the sums know too much or nothing, or where `kept` is not wanted.
    pub(crate) async fn up_to(client: &Client, as_of: u64, kept: bool) -> Result<Self, Error> {
        let kept = match kept {
            true => checkpoint(client).await?.filter(|kept| kept.slot <= as_of),
            false => None,
        };
        let sql = match kept {
            Some(kept) => {
                let tail = sql::job_rows(&sql::job_changes(kept.slot + 1, as_of, Which::Touched));
                format!(
                    "SELECT node, n FROM metrics_hours FINAL WHERE what = 'node' AND hour = toDateTime(0, 'UTC') \
                     UNION ALL SELECT node, n FROM ({tail}) WHERE what = 'node'"
                )
            }
            None => format!(
                "SELECT completion_node AS node, toInt64(1) AS n FROM job_facts(as_of = {as_of}) \
                 WHERE completion_node != toFixedString('', 32)"
            ),
        };
        Ok(Self { sql, kept })
    }

    /// Whether an answer that came meanwhile is right: sums that have moved on may hold what was also read as being after them.
    pub(crate) async fn stand(&self, client: &Client) -> Result<bool, Error> {
        Ok(self.kept.is_none() || checkpoint(client).await? == self.kept)
    }
}
