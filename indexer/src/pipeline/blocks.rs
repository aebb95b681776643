//! Blocks that are in memory already: the pipeline without a source.

use std::sync::Arc;
use std::time::Duration;

use hypernode_decoder::Decoder;
use hypernode_decoder::chain::Block;
use hypernode_warehouse::Writer;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::PipelineError;
use super::coverage::Coverage;
use super::stage::Stage;
use super::status::StatusHandle;
use super::store::{Patience, store};
use crate::slots::{Input, SlotStatus};

/// Stores a chain of blocks in windows of `window` slots; returns the rows stored.
///
/// # Errors
/// What the warehouse refuses.
pub async fn run_blocks(
    blocks: impl IntoIterator<Item = Block> + Send + 'static,
    decoder: Arc<Decoder>,
    writer: &Writer,
    window: u32,
) -> Result<u64, PipelineError> {
    let status = StatusHandle::new();
    let mut stage = Stage::new(
        decoder,
        window,
        Coverage::default(),
        (),
        status.clone(),
        false,
    );
    let (sender, batches) = mpsc::channel(1);
    let decoding = tokio::task::spawn_blocking(move || -> Result<(), PipelineError> {
        for block in blocks {
            let (slot, parent) = (block.slot, Some(block.parent_slot));
            stage.push(Input::Block(Box::new(block)))?;
            let status = SlotStatus::Finalized;
            stage.push(Input::Status {
                slot,
                parent,
                status,
            })?;
            if !stage.work().all(|work| sender.blocking_send(work).is_ok()) {
                return Ok(());
            }
        }
        stage.finish(true)?;
        let _ = stage.work().all(|work| sender.blocking_send(work).is_ok());
        Ok(())
    });
    let patience = Patience {
        first: Duration::from_millis(100),
        max: Duration::from_secs(1),
        give_up: Some(Duration::from_secs(10)),
    };
    let stored = store(
        writer,
        "memory",
        batches,
        &status,
        patience,
        &CancellationToken::new(),
    )
    .await;
    decoding.await??;
    Ok(stored?.rows)
}
