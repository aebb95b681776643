//! Batches into the warehouse, in order, for as long as it takes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use futures::future::BoxFuture;
use hypernode_warehouse::ledger::rows_in;
use hypernode_warehouse::{
    Ahead, Batch, Client, Retracted, Retraction, WarehouseError, Writer, Written, fail,
};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::PipelineError;
use super::gather::{Next, Queue};
use super::status::StatusHandle;
use crate::batch::Cut;
use crate::geyser::Backoff;

/// What is on its way to the warehouse. Order counts: what is taken back was sent before.
#[derive(Debug)]
pub(super) enum Work {
    /// Rows to store.
    Batch(Ready),
    /// Slots to take back.
    Retract(Retraction),
    /// Slots to write again.
    Rewrite(Box<Rewrite>),
}

/// Stored slots that are replaced.
#[derive(Debug)]
pub(super) struct Rewrite {
    pub(super) client: Client,
    /// Bounds of the ledger rows that are replaced, as they were when this was made.
    pub(super) taken: Vec<(u64, u64)>,
    /// What goes.
    pub(super) retraction: Retraction,
    /// What comes in its place.
    pub(super) batches: Vec<Batch>,
    /// Told what became of it, unless the run ends before.
    pub(super) done: oneshot::Sender<Result<(), String>>,
}

/// A batch on its way, with what was known when it was cut.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) cut: Cut,
    /// Highest final slot known.
    pub(super) finalized: u64,
    /// Set of IDLs that it was decoded with.
    pub(super) idls: [u8; 32],
}

/// How long to try.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    pub(super) first: Duration,
    pub(super) max: Duration,
    /// Time without success after which it is given up; `None`: never.
    pub(super) give_up: Option<Duration>,
}

/// Time for what waits when the run is stopped, counted from the end of the batch under way.
const STOP_TIME: Duration = Duration::from_secs(4);

/// What was stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) batches: u64,
    pub(super) blocks: u64,
    pub(super) rows: u64,
}

/// Stores every batch that comes. Returns when the sender is gone, or after `shutdown` when the next batch cannot be stored
/// soon: the next run asks the source for it again.
///
/// A batch waits here until the warehouse takes it: the bounded queue before it then holds back the decoder, and that
/// the source.
pub(super) async fn store(
    writer: &Writer,
    source: &str,
    batches: mpsc::Receiver<Work>,
    status: &StatusHandle,
    patience: Patience,
    shutdown: &CancellationToken,
) -> Result<Stored, PipelineError> {
    let mut stored = Stored::default();
    let mut queue = Queue::new(batches, source);
    let mut next = queue.next().await;
    let mut stop = None;
    while let Some(work) = next.take() {
        fail::point("store.taken");
        let (current, ahead) = match work {
            Next::Batch(batch, ahead) => (batch, ahead),
            Next::Rewrite(work) => {
                if !rewrite(writer, *work, status, patience, shutdown).await? {
                    return Ok(stored);
                }
                next = queue.next().await;
                continue;
            }
            Next::Retract(retraction) => {
                if !retract(writer, &retraction, status, patience, shutdown).await? {
                    return Ok(stored);
                }
                next = queue.next().await;
                continue;
            }
        };
        let begun = Instant::now();
        let following = Following::default();
        let (done, after) = {
            let commit = commit(writer, &current, ahead, status, patience, shutdown);
            let follow = following.fetch(&mut queue, writer, shutdown);
            tokio::pin!(commit, follow);
            // What follows is inserted while this one is read back and recorded, if it is there in time.
            tokio::select! {
                biased;
                done = &mut commit => {
                    let after = if following.begun() { follow.await } else { None };
                    (done, after)
                }
                after = &mut follow => (commit.await, after),
            }
        };
        if !done? {
            tracing::warn!(
                slot_lo = current.slot_lo,
                slot_hi = current.slot_hi,
                "stopping with blocks that ClickHouse did not take: the next start fetches them again"
            );
            return Ok(stored);
        }
        stored.add(&current, status);
        next = match after {
            Some(after) => Some(after),
            None if late(&mut stop, shutdown, begun.elapsed()) => {
                tracing::info!(
                    after = current.slot_hi,
                    "stopping before what follows is stored: the next start asks for it again"
                );
                None
            }
            None => queue.next().await,
        };
    }
    Ok(stored)
}

/// Whether a batch that takes so long would keep a stopped run from ending in time. `stop` is when it must have ended.
fn late(stop: &mut Option<Instant>, shutdown: &CancellationToken, takes: Duration) -> bool {
    let now = Instant::now();
    shutdown.is_cancelled() && now + takes > *stop.get_or_insert(now + STOP_TIME)
}

impl Stored {
    fn add(&mut self, batch: &Batch, status: &StatusHandle) {
        let (blocks, rows) = (u64::from(batch.blocks), batch.rows());
        self.batches += 1;
        self.blocks += blocks;
        self.rows += rows;
        status.update(|status| {
            status.started = true;
            status.as_of_slot = status.as_of_slot.max(batch.slot_hi);
            status.missing.begins(batch.slot_lo);
            status.finalized_slot = status
                .finalized_slot
                .max(batch.finalized_slot.min(batch.slot_hi));
            status.blocks += blocks;
            status.rows += rows;
        });
    }
}

/// The batch after the one being committed.
#[derive(Default)]
struct Following {
    begun: AtomicBool,
}

impl Following {
    /// Whether a batch has been taken from the queue: then it must not be dropped.
    fn begun(&self) -> bool {
        self.begun.load(Ordering::Relaxed)
    }

    async fn fetch(
        &self,
        queue: &mut Queue<'_>,
        writer: &Writer,
        shutdown: &CancellationToken,
    ) -> Option<Next> {
        let next = tokio::select! {
            biased;
            // Then each batch is begun only when there is time for it.
            () = shutdown.cancelled() => std::future::pending().await,
            next = queue.next() => next?,
        };
        self.begun.store(true, Ordering::Relaxed);
        match next {
            Next::Batch(batch, _) => {
                fail::point("store.taken");
                let ahead = insert_ahead(writer, &batch).await;
                Some(Next::Batch(batch, Some(ahead)))
            }
            // Only when all before it is stored.
            other @ (Next::Retract(_) | Next::Rewrite(_)) => Some(other),
        }
    }
}

/// Writes until it is stored (`true`) or the run is stopped (`false`).
async fn commit(
    writer: &Writer,
    batch: &Batch,
    ahead: Option<Ahead>,
    status: &StatusHandle,
    patience: Patience,
    shutdown: &CancellationToken,
) -> Result<bool, PipelineError> {
    let ahead = Mutex::new(ahead);
    // Only the first attempt may rely on what was inserted ahead.
    let work = || {
        write(
            writer,
            batch,
            ahead.lock().unwrap_or_else(PoisonError::into_inner).take(),
        )
    };
    let timed = || async {
        let begun = Instant::now();
        let written = work().await?;
        status.update(|status| status.storing.add(begun.elapsed()));
        Ok(written)
    };
    let what = format!("slots from {} on wait", batch.slot_lo);
    Ok(insist(timed, &what, status, patience, shutdown)
        .await?
        .is_some())
}

/// Takes back until it is done (`true`) or the run is stopped (`false`).
async fn retract(
    writer: &Writer,
    retraction: &Retraction,
    status: &StatusHandle,
    patience: Patience,
    shutdown: &CancellationToken,
) -> Result<bool, PipelineError> {
    let work = || take_back(writer, retraction);
    let what = format!("slots from {} on wait to be taken back", retraction.slot_lo);
    let Some(done) = insist(work, &what, status, patience, shutdown).await? else {
        return Ok(false);
    };
    if let Some(done) = done {
        tracing::warn!(
            from = done.slot_lo,
            to = done.slot_hi,
            seq = done.seq,
            "slots were taken back: the chain has left them"
        );
    }
    status.update(|status| {
        status.as_of_slot = status.as_of_slot.min(retraction.head_slot);
        status.finalized_slot = status.finalized_slot.min(status.as_of_slot);
    });
    Ok(true)
}

/// Replaces rows (`true`), unless the run is stopped before it is done (`false`). What cannot be done is told to whoever
/// asked, and does not end the run unless the writer itself cannot go on.
async fn rewrite(
    writer: &Writer,
    rewrite: Rewrite,
    status: &StatusHandle,
    patience: Patience,
    shutdown: &CancellationToken,
) -> Result<bool, PipelineError> {
    let Rewrite {
        client,
        taken,
        retraction,
        batches,
        done,
    } = rewrite;
    let (lo, hi) = (retraction.slot_lo, retraction.slot_hi);
    let what = format!("slots {lo} to {hi} wait to be written again");
    let look = || async {
        let rows = rows_in(&client, lo, hi).await?;
        let bounds: Vec<(u64, u64)> = rows.iter().map(|row| (row.slot_lo, row.slot_hi)).collect();
        Ok(bounds)
    };
    let Some(found) = insist(look, &what, status, patience, shutdown).await? else {
        return Ok(false);
    };
    if found != taken {
        let why = format!("slots {lo} to {hi} have changed meanwhile; ask again");
        let _ = done.send(Err(why));
        return Ok(true);
    }
    let work = || take_back(writer, &retraction);
    if insist(work, &what, status, patience, shutdown)
        .await?
        .is_none()
    {
        return Ok(false);
    }
    for batch in &batches {
        if !commit(writer, batch, None, status, patience, shutdown).await? {
            return Ok(false);
        }
    }
    let _ = done.send(Ok(()));
    Ok(true)
}

fn take_back<'a>(
    writer: &'a Writer,
    retraction: &'a Retraction,
) -> BoxFuture<'a, Result<Option<Retracted>, WarehouseError>> {
    Box::pin(writer.retract(retraction))
}

/// Boxed, so that whoever spawns a pipeline need not prove anew that the writer's future may move between threads.
fn write<'a>(
    writer: &'a Writer,
    batch: &'a Batch,
    ahead: Option<Ahead>,
) -> BoxFuture<'a, Result<Written, WarehouseError>> {
    match ahead {
        Some(ahead) => Box::pin(writer.write_after(batch, ahead)),
        None => Box::pin(writer.write(batch)),
    }
}

fn insert_ahead<'a>(writer: &'a Writer, batch: &'a Batch) -> BoxFuture<'a, Ahead> {
    Box::pin(writer.ahead(batch))
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
        status.store_retries += 1;
        status.retry_at = Some(retry_at);
        status.message = Some(text);
    });
}

pub(super) fn batch(ready: Ready, source: &str) -> Batch {
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
        idls: ready.idls,
        tables,
    }
}
