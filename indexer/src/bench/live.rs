//! Made-up blocks at the pace of the chain, for benches of what runs beside.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hypernode_warehouse::{Client, Writer, migrate};

use super::synthetic;
use crate::pipeline::{PipelineError, run_blocks};

/// Slots of a batch, as live.
const WINDOW: u32 = 4;

/// Stores blocks of so many `transactions`, one every `pace`, until `stop`. The warehouse must be empty; tables are made.
///
/// # Errors
/// What the warehouse refuses.
pub async fn live(
    client: &Client,
    pace: Duration,
    transactions: u32,
    stop: Arc<AtomicBool>,
) -> Result<u64, PipelineError> {
    let decoder =
        Arc::new(synthetic::decoder().map_err(|error| PipelineError::Decoder(error.to_string()))?);
    migrate::migrate(client).await?;
    migrate::evolve_tables(client, decoder.tables()).await?;
    let writer = Writer::new(client.clone());
    let blocks = (1_u64..).map_while(move |slot| {
        std::thread::sleep(pace);
        (!stop.load(Ordering::Relaxed)).then(|| synthetic::block(slot, slot - 1, transactions))
    });
    run_blocks(blocks, decoder, &writer, WINDOW).await
}
