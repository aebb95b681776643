//! How far the sums have come, and completions from them.

use clickhouse::Row;
use hypernode_warehouse::Client;
use serde::Deserialize;

use super::sql::{self, Which};
use crate::follow;
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

/// Slots back from which a job's events are looked for where all events lie; a job that began earlier is known by
/// `job_starts`. More than a day: what expires began a day ago.
pub(crate) const SPAN: u64 = 250_000;
/// The same for what is asked of the newest slots alone: some hours. At 100 M events it reads a fifth of what [`SPAN`] does.
pub(super) const RECENT: u64 = 50_000;

impl Checkpoint {
    /// The slot that may be given to [`super::sql::reached`] by one who reads of jobs that something is heard of from slot
    /// `from` on: what began before it is in `job_starts`.
    pub(super) fn reach(self, from: u64, span: u64) -> u64 {
        from.saturating_sub(span).min(self.slot + 1)
    }
}

/// The same for one who follows the chain beside the sums' keeper.
pub(crate) async fn reach(client: &Client, from: u64, span: u64) -> Result<u64, Error> {
    let Some(kept) = checkpoint(client).await? else {
        return Ok(0);
    };
    let since = kept.reach(from, span);
    // Slots that came again may have brought jobs that are not there yet.
    let again = follow::changes(client, kept.seq, since.saturating_sub(1)).await?;
    Ok(
        match again.is_some_and(|changes| changes.again_from.is_some()) {
            true => 0,
            false => since,
        },
    )
}

/// The checkpoint, if there is one.
pub(super) async fn checkpoint(client: &Client) -> Result<Option<Checkpoint>, Error> {
    let sql = "SELECT slot, seq, step FROM metrics_hours WHERE what = 'checkpoint' ORDER BY step DESC LIMIT 1";
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
                let from = kept.slot + 1;
                let which = Which::Touched(kept.reach(from, RECENT));
                // The rule of `job_rows`, whose statement takes as long again to plan.
                let tail = sql::job_changes(from, as_of, which);
                let sums = sql::newest("what = 'node' AND hour = toDateTime(0, 'UTC')");
                format!(
                    "SELECT node, n FROM ({sums}) UNION ALL SELECT node, toInt64(1) AS n FROM ({tail}) \
                     WHERE first AND kind = 'JobCompleted' AND node != toFixedString('', 32)"
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
