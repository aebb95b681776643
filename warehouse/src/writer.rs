//! Writes batches: all tables, a read-back, then the ledger row.
//!
//! The ledger row is the commit. Rows without one are leftovers: of this process, found and mended by the next
//! attempt; of an earlier process, removed by [`crate::recover`]. An outcome that is unknown (time-out, broken
//! connection) is never guessed: the next attempt looks at what is there and writes only what is missing.

mod backoff;
mod batch;

use std::time::{Duration, Instant};

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use hypernode_schemas::table::{TableRows, quote};
use tokio::sync::Mutex;
use tracing::warn;

pub use self::backoff::Backoff;
pub use self::batch::Batch;
use crate::client::{Client, WarehouseError};
use crate::ledger::{Ledger, LedgerRow, Sums, insert_sql, rows_at};
use crate::literal::string;
use crate::retract::{self, Retracted, Retraction, Step};
use crate::sums::SumCache;
use crate::{fail, meta};

/// Inserts of one batch that run at once.
const PARALLEL: usize = 4;
/// Attempts to mend one batch before a person must look.
const ATTEMPTS: u32 = 3;
/// How long an insert of ours that the server still runs is waited for.
const SETTLE: Duration = Duration::from_secs(60);

/// What [`Writer::write`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Rows of the batch.
    pub rows: u64,
    /// Time from the first insert to the ledger's answer.
    pub time: Duration,
    /// The ledger held this batch already; nothing was written.
    pub already: bool,
}

/// Rows inserted ahead of their turn.
#[derive(Debug)]
#[must_use = "rows that no ledger row follows are removed at the next start"]
pub struct Ahead {
    content: [u8; 32],
    complete: bool,
}

/// State between batches.
#[derive(Debug, Default)]
struct State {
    ledger: Option<Ledger>,
    /// Content of the batch whose outcome is unknown, `None` before the first batch.
    doubt: Option<Doubt>,
    attempt: u64,
}

/// Why the next batch must look first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doubt {
    /// Inserts of the batch with this content may or may not have happened.
    Content([u8; 32]),
    /// No batch was written yet by this writer.
    Start,
}

/// Writes batches one after the other. Only one writer may write to a database at a time.
#[derive(Debug)]
pub struct Writer {
    client: Client,
    sums: SumCache,
    /// Makes this run's tokens its own: a token of a run that died may be remembered without its rows.
    run: u64,
    state: Mutex<State>,
}

impl Writer {
    /// A writer over `client`. Run [`crate::recover::recover`] first.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self {
            client,
            sums: SumCache::default(),
            run: rand::random(),
            state: Mutex::new(State {
                doubt: Some(Doubt::Start),
                ..State::default()
            }),
        }
    }

    /// Writes a batch and its ledger row. Calling it again with the same batch changes nothing, whatever
    /// became of the first call.
    ///
    /// # Errors
    /// A retryable error: call again with the same batch later. [`WarehouseError::Conflict`]: the range holds
    /// something else, or cannot be brought to hold the batch.
    pub async fn write(&self, batch: &Batch) -> Result<Written, WarehouseError> {
        self.write_with(batch, batch.content(), None).await
    }

    /// Inserts the rows of the batch after the one being written, without a ledger row: the engine then need not
    /// idle while the other is read back. Hand the result to [`Writer::write_after`]; rows whose batch is never
    /// written are what [`crate::recover`] removes.
    pub async fn ahead(&self, batch: &Batch) -> Ahead {
        let content = batch.content();
        let complete = self.insert_ahead(batch, &content).await;
        if let Err(error) = &complete {
            warn!(%error, slot_lo = batch.slot_lo, "rows could not be inserted ahead");
        }
        Ahead {
            content,
            complete: complete.is_ok(),
        }
    }

    /// As [`Writer::write`], for a batch whose rows were inserted ahead. After an error call [`Writer::write`].
    ///
    /// # Errors
    /// Those of [`Writer::write`].
    pub async fn write_after(
        &self,
        batch: &Batch,
        ahead: Ahead,
    ) -> Result<Written, WarehouseError> {
        self.write_with(batch, ahead.content, Some(ahead.complete))
            .await
    }

    async fn insert_ahead(&self, batch: &Batch, content: &[u8; 32]) -> Result<(), WarehouseError> {
        // Without the state of the batch being written: this token is told apart by its own number.
        let mut numbers = State {
            attempt: u64::MAX / 2,
            ..State::default()
        };
        let tables: Vec<&TableRows> = batch.tables.iter().collect();
        self.insert(&mut numbers, batch, &tables, content).await?;
        fail::point("writer.ahead");
        Ok(())
    }

    /// `inserted`: the rows were inserted ahead, for certain or perhaps.
    async fn write_with(
        &self,
        batch: &Batch,
        content: [u8; 32],
        inserted: Option<bool>,
    ) -> Result<Written, WarehouseError> {
        let mut state = self.state.lock().await;
        let started = Instant::now();
        let rows = batch.rows();
        if state.ledger.is_none() {
            state.ledger = Some(Ledger::load(&self.client).await?);
        }
        if self.in_ledger(&mut state, batch, &content).await? {
            state.doubt = None;
            let time = started.elapsed();
            return Ok(Written {
                rows,
                time,
                already: true,
            });
        }
        // Whatever happens from here on, the next call must look, until the ledger row is known to be there.
        let mut doubt = state.doubt.replace(Doubt::Content(content));
        // Rows that are certainly there need no look, unless the writer has another reason for one.
        let whole = inserted == Some(true) && doubt.is_none();
        if inserted.is_some() && !whole {
            doubt = Some(Doubt::Content(content));
        }
        let row = self
            .commit(&mut state, batch, content, doubt, whole)
            .await?;
        if let Some(ledger) = &mut state.ledger {
            ledger.add(&row);
        }
        state.doubt = None;
        Ok(Written {
            rows,
            time: started.elapsed(),
            already: false,
        })
    }

    /// Takes slots back: their rows go from every table and from the ledger, and `retractions` says so (I-28). Calling
    /// it again after an error finishes what was begun. `None`: the ledger holds nothing of them.
    ///
    /// # Errors
    /// A retryable error: call again. [`WarehouseError::Conflict`]: a ledger row that stays in part is not what the
    /// tables hold, or another writer has taken over.
    pub async fn retract(
        &self,
        retraction: &Retraction,
    ) -> Result<Option<Retracted>, WarehouseError> {
        self.retract_until(retraction, Step::Ledger).await
    }

    /// As [`Writer::retract`], cut off after a step: what a process that dies there leaves.
    #[doc(hidden)]
    pub async fn retract_until(
        &self,
        retraction: &Retraction,
        until: Step,
    ) -> Result<Option<Retracted>, WarehouseError> {
        let mut state = self.state.lock().await;
        // Whatever happens, what this writer knew is old.
        state.ledger = None;
        if state.doubt.is_some() {
            settle(&self.client).await?;
        }
        let mut begun = retract::unfinished(&self.client).await?;
        if let Some(begun) = &begun {
            begun.finish(&self.client, Step::Ledger).await?;
        }
        if begun
            .as_ref()
            .is_none_or(|begun| begun.slot_lo != retraction.slot_lo)
        {
            let ledger = Ledger::load(&self.client).await?;
            begun = retract::begin(&self.client, &ledger, retraction).await?;
            if let Some(begun) = &begun {
                begun.finish(&self.client, until).await?;
            }
        }
        state.ledger = Some(Ledger::load(&self.client).await?);
        Ok(begun)
    }

    /// The ledger as this writer knows it; read from the database at first use.
    ///
    /// # Errors
    /// What ClickHouse said.
    pub async fn ledger(&self) -> Result<Ledger, WarehouseError> {
        let mut state = self.state.lock().await;
        if let Some(ledger) = &state.ledger {
            return Ok(ledger.clone());
        }
        let ledger = Ledger::load(&self.client).await?;
        state.ledger = Some(ledger.clone());
        Ok(ledger)
    }

    /// Whether the range is committed with this content.
    async fn in_ledger(
        &self,
        state: &mut State,
        batch: &Batch,
        content: &[u8; 32],
    ) -> Result<bool, WarehouseError> {
        let (lo, hi) = (batch.slot_lo, batch.slot_hi);
        if lo > hi {
            return Err(WarehouseError::Conflict(format!(
                "batch of slots {lo} to {hi}: the range is empty"
            )));
        }
        if matches!(state.doubt, Some(Doubt::Content(_))) {
            // The ledger row itself may be what is in doubt, and the server may be writing it still.
            settle(&self.client).await?;
            state.ledger = Some(Ledger::load(&self.client).await?);
        }
        let touched = state
            .ledger
            .as_ref()
            .is_some_and(|ledger| ledger.intervals().touches(lo, hi));
        if !touched {
            return Ok(false);
        }
        let rows = rows_at(&self.client, lo).await?;
        match rows.first() {
            Some(row) if row.slot_hi == hi && row.content == *content => Ok(true),
            Some(row) => Err(WarehouseError::Conflict(format!(
                "slots {lo} to {hi} were to be written, but the ledger holds {} to {} with other content",
                row.slot_lo, row.slot_hi
            ))),
            None => Err(WarehouseError::Conflict(format!(
                "slots {lo} to {hi} were to be written, but the ledger already covers some of them"
            ))),
        }
    }

    async fn commit(
        &self,
        state: &mut State,
        batch: &Batch,
        content: [u8; 32],
        mut doubt: Option<Doubt>,
        whole: bool,
    ) -> Result<LedgerRow, WarehouseError> {
        let tables: Vec<&str> = batch.tables.iter().map(|t| t.table.as_str()).collect();
        for _ in 0..ATTEMPTS {
            let missing: Vec<&TableRows> = match doubt {
                None if whole => Vec::new(),
                None => batch.tables.iter().collect(),
                Some(doubt) => {
                    self.look(state, batch, doubt == Doubt::Content(content))
                        .await?
                }
            };
            fail::point("writer.insert.before");
            self.insert(state, batch, &missing, &content).await?;
            fail::point("writer.insert.after");
            let sums = self
                .sums
                .read(&self.client, &tables, batch.slot_lo, batch.slot_hi)
                .await?;
            if complete(batch, &sums) {
                let ledger = state.ledger.as_ref();
                let row = batch.ledger_row(
                    ledger.map_or(0, Ledger::epoch),
                    ledger.map_or(0, Ledger::seq) + 1,
                    sums,
                    content,
                );
                let token = self.token(state, "ingest_ledger", batch, &content);
                fail::point("writer.ledger.before");
                self.client.insert_select(&insert_sql(&row), &token).await?;
                fail::point("writer.ledger.after");
                return self.fenced(row).await;
            }
            warn!(
                slot_lo = batch.slot_lo,
                slot_hi = batch.slot_hi,
                "rows read back are not those written; mending"
            );
            doubt = Some(Doubt::Content(content));
        }
        Err(WarehouseError::Conflict(format!(
            "slots {} to {}: after {ATTEMPTS} attempts the tables still do not hold the rows written",
            batch.slot_lo, batch.slot_hi
        )))
    }

    /// The row, if it is there: the statement writes none once another writer has raised the epoch.
    async fn fenced(&self, row: LedgerRow) -> Result<LedgerRow, WarehouseError> {
        let written = rows_at(&self.client, row.slot_lo).await?;
        if written
            .iter()
            .any(|found| found.epoch == row.epoch && found.content == row.content)
        {
            return Ok(row);
        }
        Err(WarehouseError::Conflict(format!(
            "slots {} to {}: another writer has taken this database over; only one may write to it",
            row.slot_lo, row.slot_hi
        )))
    }

    /// Finds the tables that lack their rows, after removing rows that belong to nothing.
    async fn look<'b>(
        &self,
        state: &mut State,
        batch: &'b Batch,
        ours: bool,
    ) -> Result<Vec<&'b TableRows>, WarehouseError> {
        settle(&self.client).await?;
        let names: Vec<&str> = batch.tables.iter().map(|t| t.table.as_str()).collect();
        let present = self
            .sums
            .read(&self.client, &names, batch.slot_lo, batch.slot_hi)
            .await?;
        let mut missing = Vec::new();
        for table in &batch.tables {
            let found = present.get(&table.table).map_or(0, |(rows, _)| *rows);
            // Rows of an earlier try of this same batch are right if all are there: an insert is one block.
            if ours && found == table.rows {
                continue;
            }
            if found > 0 {
                self.remove(state, &table.table, batch.slot_lo, batch.slot_hi)
                    .await?;
            }
            missing.push(table);
        }
        Ok(missing)
    }

    /// Removes uncommitted rows of a range; the epoch rises first, so that no token of before is used again.
    async fn remove(
        &self,
        state: &mut State,
        table: &str,
        lo: u64,
        hi: u64,
    ) -> Result<(), WarehouseError> {
        warn!(
            table,
            slot_lo = lo,
            slot_hi = hi,
            "removing rows without a ledger entry"
        );
        let epoch = state
            .ledger
            .as_ref()
            .map_or(0, Ledger::epoch)
            .saturating_add(1);
        meta::record_epoch(&self.client, epoch).await?;
        fail::point("writer.remove");
        if let Some(ledger) = &mut state.ledger {
            ledger.set_epoch(epoch);
        }
        delete(&self.client, table, &format!("slot BETWEEN {lo} AND {hi}")).await
    }

    async fn insert(
        &self,
        state: &mut State,
        batch: &Batch,
        tables: &[&TableRows],
        content: &[u8; 32],
    ) -> Result<(), WarehouseError> {
        let mut jobs = Vec::with_capacity(tables.len());
        for table in tables {
            let token = self.token(state, &table.table, batch, content);
            jobs.push((table.table.clone(), table.native.clone(), token));
        }
        let client = &self.client;
        stream::iter(jobs)
            .map(|(table, native, token)| async move {
                client.insert_native(&table, native, &token).await?;
                fail::point("writer.insert.table");
                Ok(())
            })
            .buffer_unordered(PARALLEL)
            .try_collect()
            .await
    }

    /// A token that is never used twice: it only absorbs a request that the network doubled.
    fn token(&self, state: &mut State, table: &str, batch: &Batch, content: &[u8; 32]) -> String {
        state.attempt += 1;
        let mut hasher = blake3::Hasher::new();
        hasher.update(table.as_bytes()).update(&[0]);
        let epoch = state.ledger.as_ref().map_or(0, Ledger::epoch);
        for number in [
            batch.slot_lo,
            batch.slot_hi,
            u64::from(batch.part),
            u64::from(epoch),
            self.run,
            state.attempt,
        ] {
            hasher.update(&number.to_le_bytes());
        }
        hasher.update(content).finalize().to_hex().to_string()
    }
}

fn complete(batch: &Batch, sums: &Sums) -> bool {
    batch
        .tables
        .iter()
        .all(|t| sums.get(&t.table).map_or(0, |(rows, _)| *rows) == t.rows)
}

/// Waits until the server runs no insert any more: one that timed out for us, or whose client died, may still commit.
pub(crate) async fn settle(client: &Client) -> Result<(), WarehouseError> {
    settle_where(client, "query_kind = 'Insert'").await
}

/// The same of whatever changes tables whose name begins so.
///
/// # Errors
/// What ClickHouse said, or that it is not over in time.
pub async fn settle_tables(client: &Client, prefix: &str) -> Result<(), WarehouseError> {
    let named = string(prefix);
    settle_where(
        client,
        &format!("query_kind IN ('Insert', 'Alter') AND position(query, {named}) > 0"),
    )
    .await
}

async fn settle_where(client: &Client, which: &str) -> Result<(), WarehouseError> {
    let until = Instant::now() + SETTLE;
    let sql = format!(
        "SELECT count() FROM system.processes WHERE {which} AND current_database = currentDatabase()"
    );
    while Instant::now() < until {
        let running = client.rows::<u64>(&sql).await?;
        if running.first().is_none_or(|count| *count == 0) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Err(WarehouseError::Timeout)
}

/// Deletes rows for good and waits until they are gone.
pub(crate) async fn delete(
    client: &Client,
    table: &str,
    condition: &str,
) -> Result<(), WarehouseError> {
    let sql = format!(
        "ALTER TABLE {} DELETE WHERE {condition} SETTINGS mutations_sync = 2",
        quote(table)
    );
    client.execute(&sql).await
}
