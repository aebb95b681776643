//! Batches into the warehouse, in order, for as long as it takes.

use std::time::{Duration, SystemTime};

use futures::future::BoxFuture;
use hypernode_warehouse::{Batch, WarehouseError, Writer, Written};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::PipelineError;
use super::status::StatusHandle;
use crate::batch::Cut;
use crate::geyser::Backoff;

/// A batch on its way, with what was known when it was cut.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) cut: Cut,
    /// Highest final slot known.
    pub(super) finalized: u64,
}

/// How long to try.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    pub(super) first: Duration,
    pub(super) max: Duration,
    /// Time without success after which it is given up; `None`: never.
    pub(super) give_up: Option<Duration>,
}

/// What was stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) batches: u64,
    pub(super) blocks: u64,
    pub(super) rows: u64,
}

/// Stores every batch that comes. Returns when the sender is gone, or at `shutdown` when a batch cannot be stored.
///
/// A batch waits here until the warehouse takes it: the bounded queue before it then holds back the decoder, and that
/// the source.
pub(super) async fn store(
    writer: &Writer,
    source: &str,
    mut batches: mpsc::Receiver<Ready>,
    status: &StatusHandle,
    patience: Patience,
    shutdown: &CancellationToken,
) -> Result<Stored, PipelineError> {
    let mut stored = Stored::default();
    while let Some(ready) = batches.recv().await {
        let batch = batch(ready, source);
        let blocks = u64::from(batch.blocks);
        let rows: u64 = batch.tables.iter().map(|table| table.rows).sum();
        let what = format!("slots from {} on wait", batch.slot_lo);
        let write = || write(writer, &batch);
        if insist(write, &what, status, patience, shutdown)
            .await?
            .is_none()
        {
            tracing::warn!(
                slot_lo = batch.slot_lo,
                slot_hi = batch.slot_hi,
                "stopping with blocks that ClickHouse did not take: the next start fetches them again"
            );
            return Ok(stored);
        }
        stored.batches += 1;
        stored.blocks += blocks;
        stored.rows += rows;
        status.update(|status| {
            status.started = true;
            status.as_of_slot = status.as_of_slot.max(batch.slot_hi);
            status.finalized_slot = status
                .finalized_slot
                .max(batch.finalized_slot.min(batch.slot_hi));
            status.blocks += blocks;
            status.rows += rows;
        });
    }
    Ok(stored)
}

/// Boxed, so that whoever spawns a pipeline need not prove anew that the writer's future may move between threads.
fn write<'a>(
    writer: &'a Writer,
    batch: &'a Batch,
) -> BoxFuture<'a, Result<Written, WarehouseError>> {
    Box::pin(writer.write(batch))
}

/// Does `work` until it succeeds; `None` if the run is stopped before. Errors that waiting does not cure are errors.
pub(super) async fn insist<T, F: Future<Output = Result<T, WarehouseError>>>(
    work: impl Fn() -> F,
    what: &str,
    status: &StatusHandle,
    patience: Patience,
    shutdown: &CancellationToken,
) -> Result<Option<T>, PipelineError> {
    let mut backoff = Backoff::new(patience.first, patience.max);
    let mut failing_since = None;
    loop {
        let error = match work().await {
            Ok(done) => {
                if failing_since.is_some() {
                    tracing::info!("ClickHouse answers again");
                    status.update(|status| {
                        status.warehouse_down = false;
                        status.retry_at = None;
                        status.message = None;
                    });
                }
                return Ok(Some(done));
            }
            Err(error) if !error.is_retryable() => return Err(error.into()),
            Err(error) => error,
        };
        let since = *failing_since.get_or_insert_with(std::time::Instant::now);
        if patience
            .give_up
            .is_some_and(|limit| since.elapsed() >= limit)
        {
            return Err(error.into());
        }
        let pause = backoff.next();
        tell_waiting(status, what, &error, pause);
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            // One more try: what failed may have been a moment.
            () = shutdown.cancelled() => return Ok(work().await.ok()),
        }
    }
}

fn tell_waiting(status: &StatusHandle, what: &str, error: &WarehouseError, pause: Duration) {
    let retry_at = SystemTime::now() + pause;
    let text = format!("{error}; {what}, next try at {}", super::clock(retry_at));
    tracing::warn!("{text}");
    status.update(|status| {
        status.warehouse_down = true;
        status.retry_at = Some(retry_at);
        status.message = Some(text);
    });
}

fn batch(ready: Ready, source: &str) -> Batch {
    let Cut { span, tables } = ready.cut;
    Batch {
        slot_lo: span.slot_lo,
        slot_hi: span.slot_hi,
        window: span.window,
        part: span.part,
        partial: span.partial,
        parent_slot: span.parent_slot,
        parent_blockhash: span.parent_blockhash,
        last_block_slot: span.last_block_slot,
        last_blockhash: span.last_blockhash,
        blocks: span.blocks,
        finalized_slot: ready.finalized,
        source: source.to_owned(),
        tables,
    }
}
