//! `bench ingest`: the whole way from blocks to stored, verified and recorded batches, next to its floor.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hypernode_decoder::Decoder;
use hypernode_decoder::chain::Block;
use hypernode_warehouse::{Client, Writer, migrate};

use super::{Measurement, floor, machine, median, synthetic};
use crate::batch::{BULK_WINDOW, Batcher, Cut, MAX_ROWS};
use crate::pipeline::{PipelineError, run_blocks};

/// How much, and how long.
#[derive(Debug, Clone, Copy)]
pub struct IngestOptions {
    /// Time for all rounds; a round that has begun is finished.
    pub time: Duration,
    /// Blocks of one round.
    pub blocks: u32,
    /// Transactions in each.
    pub transactions: u32,
}

impl Default for IngestOptions {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(30),
            // Eight batches: with fewer, the first decode and the last read-back, which nothing overlaps, weigh in.
            blocks: 400,
            transactions: 1_000,
        }
    }
}

/// Slots of the floor's rows begin here, far from those of the pipeline.
const FLOOR_SLOTS: u64 = 1 << 40;
/// Slots per round: rounds never share a window.
const ROUND_SLOTS: u64 = 4_096;

/// Measures made-up job events. The warehouse must be empty; tables are made.
///
/// Rounds of pipeline and floor alternate, so that a busy machine slows both; medians count, the ratio's over rounds.
/// The first round of each warms up.
///
/// # Errors
/// What the warehouse refuses.
pub async fn ingest(client: &Client, options: IngestOptions) -> Result<Measurement, PipelineError> {
    let decoder =
        Arc::new(synthetic::decoder().map_err(|error| PipelineError::Decoder(error.to_string()))?);
    let make = |base: u64| -> Vec<Block> {
        let count = u64::from(options.blocks);
        (0..count)
            .map(|n| synthetic::block(base + n, base + n - 1, options.transactions))
            .collect()
    };
    measure(client, &decoder, options.time, make, "made-up job events").await
}

/// Measures `make`'s blocks, which must begin at the slot given and link to each other.
async fn measure(
    client: &Client,
    decoder: &Arc<Decoder>,
    time: Duration,
    make: impl Fn(u64) -> Vec<Block>,
    what: &str,
) -> Result<Measurement, PipelineError> {
    migrate::migrate(client).await?;
    migrate::evolve_tables(client, decoder.tables()).await?;
    let writer = Writer::new(client.clone());
    let started = Instant::now();
    let (mut ours, mut floors) = (Vec::new(), Vec::new());
    let (mut rows, mut round) = (0, 0);
    while round < 2 || started.elapsed() < time {
        let base = 1 + u64::from(round) * ROUND_SLOTS;
        let blocks = make(base);
        let clock = Instant::now();
        rows = run_blocks(blocks, Arc::clone(decoder), &writer, BULK_WINDOW).await?;
        ours.push(rate(rows, clock.elapsed()));

        let prepared = floor::prepare(cuts(decoder, &make(FLOOR_SLOTS + base)));
        let prepared_rows = prepared.rows;
        floors.push(rate(
            prepared_rows,
            floor::insert(client, prepared, round).await?,
        ));
        round += 1;
    }
    let ratios: Vec<f64> = ours
        .iter()
        .zip(&floors)
        .map(|(ours, floor)| ours / floor)
        .collect();
    let (figure, floor, ratio) = (median(&ours), median(&floors), median(&ratios));
    Ok(Measurement {
        bench: "ingest",
        figure: figure.round(),
        unit: "rows/s",
        floor: Some(floor.round()),
        ratio: Some((ratio * 1_000.0).round() / 1_000.0),
        regime: format!(
            "{what} in memory to stored, read back and recorded rows; {rows} rows a round, medians of {} alternating rounds; \
             floor: the same rows as prepared Native blocks; fsync on every insert",
            round - 1
        ),
        machine: machine(),
    })
}

fn rate(rows: u64, time: Duration) -> f64 {
    rows as f64 / time.as_secs_f64()
}

fn cuts(decoder: &Arc<Decoder>, blocks: &[Block]) -> Vec<Cut> {
    let mut batcher = Batcher::new(Arc::clone(decoder), BULK_WINDOW, MAX_ROWS, None);
    let mut cuts = Vec::new();
    for block in blocks {
        batcher.push(block, &mut (), &mut cuts);
    }
    cuts.extend(batcher.finish());
    cuts
}
