//! Start-up, failing closed: rows that no ledger row covers are removed, and the newest ledger rows are
//! compared with what is stored.

use std::collections::BTreeSet;

use tracing::warn;

use crate::client::{Client, WarehouseError};
use crate::ledger::{Ledger, LedgerRow, last_rows};
use crate::retract::{self, Retracted, Step};
use crate::sums::SumCache;
use crate::writer::settle;
use crate::{chain, fail, meta};

/// Ledger rows that are verified at each start.
pub const VERIFIED_ROWS: usize = 8;

/// A batch holds at most half as many per table. More rows without a ledger row are not what a cut leaves of the batch
/// being written and the one ahead of its turn.
const MOST_LEFTOVERS: u64 = 2_000_000;

/// What [`recover`] found and did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// The ledger after it.
    pub ledger: Ledger,
    /// Rows removed, by table.
    pub removed: Vec<(String, u64)>,
    /// A retraction that was interrupted, and is done now.
    pub finished: Option<Retracted>,
    /// Ledger rows whose tables were counted and summed again.
    pub verified: usize,
}

/// Makes tables and ledger agree, or refuses. `table_names` are tables to look at beside the core ones and
/// every `ev_` and `ix_` table of the database.
///
/// # Errors
/// [`WarehouseError::Conflict`] naming table and slots where a committed range does not hold what the ledger
/// says; else what ClickHouse said.
pub async fn recover(client: &Client, table_names: &[String]) -> Result<Recovery, WarehouseError> {
    recover_but(client, table_names, None).await
}

/// As [`recover`], but without comparing ledger rows that reach into these slots: they are to be written anew.
///
/// # Errors
/// Those of [`recover`].
pub async fn recover_but(
    client: &Client,
    table_names: &[String],
    unchecked: Option<(u64, u64)>,
) -> Result<Recovery, WarehouseError> {
    let finished = retract::unfinished(client).await?;
    if let Some(retraction) = &finished {
        let (from, to) = (retraction.slot_lo, retraction.slot_hi);
        warn!(from, to, "finishing a retraction that was interrupted");
        // Nobody who knows less may write from here on.
        meta::record_epoch(client, retraction.epoch).await?;
        retraction.finish(client, Step::Ledger).await?;
    }
    let mut ledger = Ledger::load(client).await?;
    let mut rows = last_rows(client, VERIFIED_ROWS).await?;
    rows.retain(|row| unchecked.is_none_or(|(lo, hi)| row.slot_hi < lo || row.slot_lo > hi));
    verify(client, &rows).await?;
    let mut removed = leftovers(client, &ledger, table_names).await?;
    if !removed.is_empty() {
        // A writer that died may have left its ledger row under way. From the new epoch on it cannot arrive; what
        // arrived before is seen now, and its rows are no leftovers.
        let epoch = ledger.epoch().saturating_add(1);
        meta::record_epoch(client, epoch).await?;
        fail::point("recover.epoch");
        settle(client).await?;
        ledger = Ledger::load(client).await?;
        removed = leftovers(client, &ledger, table_names).await?;
        remove(client, &ledger, &removed).await?;
    }
    Ok(Recovery {
        ledger,
        removed,
        finished,
        verified: rows.len(),
    })
}

/// Compares ledger rows with their tables.
pub(crate) async fn verify(client: &Client, rows: &[LedgerRow]) -> Result<(), WarehouseError> {
    let tables: BTreeSet<&str> = rows
        .iter()
        .flat_map(|row| row.tables.keys().map(String::as_str))
        .collect();
    let tables: Vec<&str> = tables.into_iter().collect();
    let ranges: Vec<(u64, u64)> = rows.iter().map(|row| (row.slot_lo, row.slot_hi)).collect();
    let sums = SumCache::default();
    let found = sums.read_ranges(client, &tables, &ranges).await?;
    for (row, found) in rows.iter().zip(found) {
        for (table, (rows, checksum)) in &row.tables {
            let (found_rows, found_checksum) = found.get(table).copied().unwrap_or((0, 0));
            if (found_rows, found_checksum) != (*rows, *checksum) {
                return Err(WarehouseError::Conflict(format!(
                    "table {table}, slots {} to {}: the ledger says {rows} rows with checksum {checksum:016x}, the \
                     table holds {found_rows} with {found_checksum:016x}: it was changed behind the ledger; \
                     `hypernode repair --from {} --to {}` writes these slots again",
                    row.slot_lo, row.slot_hi, row.slot_lo, row.slot_hi
                )));
            }
        }
    }
    Ok(())
}

/// Rows that no ledger row covers, by table.
async fn leftovers(
    client: &Client,
    ledger: &Ledger,
    table_names: &[String],
) -> Result<Vec<(String, u64)>, WarehouseError> {
    chain::rows_where(client, table_names, &outside(ledger)).await
}

async fn remove(
    client: &Client,
    ledger: &Ledger,
    leftovers: &[(String, u64)],
) -> Result<(), WarehouseError> {
    if let Some((table, rows)) = leftovers.iter().find(|(_, rows)| *rows > MOST_LEFTOVERS) {
        return Err(WarehouseError::Conflict(format!(
            "table {table}: {rows} rows that ingest_ledger does not cover are more than interrupted batches leave; \
             nothing was removed: restore the ledger or use another database"
        )));
    }
    for (table, rows) in leftovers {
        warn!(table, rows, "removing rows that no ledger entry covers");
    }
    chain::remove_where(client, leftovers, &outside(ledger), "recover.table").await
}

/// A condition for slots that the ledger does not cover.
fn outside(ledger: &Ledger) -> String {
    let covered: Vec<String> = ledger
        .intervals()
        .iter()
        .map(|(lo, hi)| format!("slot BETWEEN {lo} AND {hi}"))
        .collect();
    if covered.is_empty() {
        return "1".to_owned();
    }
    format!("NOT ({})", covered.join(" OR "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_ledger_covers_nothing() {
        assert_eq!(outside(&Ledger::default()), "1");
    }
}
