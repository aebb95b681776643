//! The live path without a warehouse: what a stream costs up to its rows, for measuring.

use std::sync::Arc;
use std::time::Instant;

use hypernode_decoder::Decoder;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::PipelineError;
use super::coverage::Coverage;
use super::fill::Wants;
use super::live::{BATCH_QUEUE, EVENT_QUEUE, Follow};
use super::stage::Stage;
use super::status::StatusHandle;
use super::store::Work;
use crate::batch::LIVE_WINDOW;
use crate::geyser::{self, GeyserOptions};
use crate::wal::{self, WalOptions};

/// What came of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Drained {
    /// Rows of the `transactions` table.
    pub(crate) transactions: u64,
    /// When the last block had become rows.
    pub(crate) done: Instant,
}

/// Follows the stream as [`super::run_live`] does until the block of slot `last` is decoded; batches are dropped.
pub(crate) async fn drain(
    options: GeyserOptions,
    decoder: Arc<Decoder>,
    last: u64,
) -> Result<Drained, PipelineError> {
    let (published, position) = watch::channel(None);
    let (resync, resynced) = watch::channel(0_u64);
    let mut head = published.subscribe();
    let (sender, events) = mpsc::channel(EVENT_QUEUE);
    let stop = CancellationToken::new();
    let status = StatusHandle::new();
    let (feed, line) = wal::open(
        &WalOptions::default(),
        &options.program_ids,
        options.buffer_bytes,
        &status,
    )
    .map_err(PipelineError::Wal)?;
    let stop_feeding = stop.clone();
    let feeding = tokio::task::spawn_blocking(move || feed.run(events, &stop_feeding));
    let source = geyser::run(options, position, resynced, sender, stop.clone());
    let source = tokio::spawn(source);
    let (sender, mut batches) = mpsc::channel(BATCH_QUEUE);
    let follow = Follow {
        stage: Stage::new(
            decoder,
            LIVE_WINDOW,
            Coverage::default(),
            (),
            status.clone(),
            true,
        ),
        status,
        batches: sender,
        published,
        resync: Some(resync),
        wants: watch::Sender::new(Wants::default()),
        accepted: Vec::new(),
        accounts: None,
        stop: CancellationToken::new(),
    };
    let decoding = tokio::task::spawn_blocking(move || follow.run(line));
    let sink = tokio::spawn(async move {
        let mut rows = 0;
        while let Some(work) = batches.recv().await {
            let Work::Batch(ready) = work else {
                continue;
            };
            let tables = ready.cut.tables.iter();
            let transactions = tables.filter(|table| table.table == "transactions");
            rows += transactions.map(|table| table.rows).sum::<u64>();
        }
        rows
    });
    // An error: the decoder has stopped, and says below why.
    let _ = head
        .wait_for(|slot| slot.is_some_and(|slot| slot >= last))
        .await;
    let done = Instant::now();
    stop.cancel();
    decoding.await??;
    source.await??;
    feeding.await?.close();
    Ok(Drained {
        transactions: sink.await?,
        done,
    })
}
