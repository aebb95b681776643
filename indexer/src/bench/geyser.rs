//! `bench geyser`: a stream of whole blocks from the socket to rows, beside a client that only drains it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use hypernode_decoder::Decoder;
use hypernode_warehouse::{Client, migrate};
use tokio_util::sync::CancellationToken;
use yellowstone_grpc_client::GeyserGrpcClient;
use yellowstone_grpc_proto::geyser::SubscribeRequest;
use yellowstone_grpc_proto::geyser::subscribe_update::UpdateOneof;

use super::feed::Feed;
use super::{BenchError, Measurement, encode, machine, median, synthetic};
use crate::WalOptions;
use crate::geyser::GeyserOptions;
use crate::pipeline::{LiveOptions, StatusHandle, drain, run_live};
use crate::recording::MAX_MESSAGE;

/// How much, and how long.
#[derive(Debug, Clone, Copy)]
pub struct GeyserBench {
    /// Time for the alternating rounds; one that has begun is finished.
    pub time: Duration,
    /// Blocks of one round.
    pub blocks: u32,
    /// Transactions in each.
    pub transactions: u32,
}

impl Default for GeyserBench {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(16),
            blocks: 128,
            transactions: 500,
        }
    }
}

/// First slot that is sent.
const FIRST: u64 = 1_000;
/// A round that has not ended by then has failed.
const PATIENCE: Duration = Duration::from_secs(120);

/// Measures made-up job events: through our path without a warehouse, and with `client` (an empty warehouse) once more
/// into it.
///
/// # Errors
/// When server or streams fail, or not everything that was sent becomes rows.
pub async fn geyser(
    client: Option<&Client>,
    options: GeyserBench,
) -> Result<Vec<Measurement>, BenchError> {
    let decoder = synthetic::decoder().map_err(|error| BenchError::Setup(error.to_string()))?;
    let bench = Bench::start(Arc::new(decoder), options).await?;
    let (mut drained, mut ours) = (Vec::new(), Vec::new());
    let started = Instant::now();
    while ours.len() < 3 || started.elapsed() < options.time {
        drained.push(bench.rate(bench.plain_client().await?));
        ours.push(bench.rate(bench.null_sink().await?));
    }
    let ratios: Vec<f64> = ours.iter().zip(&drained).map(|(o, d)| o / d).collect();
    let rounds = format!("medians of {} alternating rounds", ours.len() - 1);
    let floor = median(&drained);
    let mut lines = vec![bench.line(
        "rows that go nowhere",
        &rounds,
        median(&ours),
        floor,
        median(&ratios),
    )];
    if let Some(client) = client {
        let rate = bench.rate(bench.engine(client).await?);
        lines.push(bench.line(
            "rows stored, read back and recorded",
            "one round",
            rate,
            floor,
            rate / floor,
        ));
    }
    Ok(lines)
}

struct Bench {
    url: String,
    decoder: Arc<Decoder>,
    last: u64,
    transactions: u64,
    /// Bytes of all updates.
    bytes: usize,
}

impl Bench {
    async fn start(decoder: Arc<Decoder>, options: GeyserBench) -> Result<Self, BenchError> {
        let slots = FIRST..FIRST + u64::from(options.blocks);
        let updates: Vec<_> = slots
            .clone()
            .flat_map(|slot| {
                encode::updates(&synthetic::block(slot, slot - 1, options.transactions))
            })
            .collect();
        let bytes = updates.iter().map(bytes::Bytes::len).sum();
        Ok(Self {
            url: format!("http://{}", Feed::serve(updates).await?),
            decoder,
            last: slots.end - 1,
            transactions: u64::from(options.blocks) * u64::from(options.transactions),
            bytes,
        })
    }

    fn rate(&self, time: Duration) -> f64 {
        self.transactions as f64 / time.as_secs_f64()
    }

    fn line(&self, end: &str, rounds: &str, ours: f64, floor: f64, ratio: f64) -> Measurement {
        Measurement {
            bench: "geyser",
            figure: ours.round(),
            unit: "transactions/s",
            floor: Some(floor.round()),
            ratio: Some((ratio * 1_000.0).round() / 1_000.0),
            regime: format!(
                "whole blocks over loopback gRPC, received, put in order and decoded into {end}; {} transactions of {} \
                 encoded bytes a round, {rounds}; server and client share all cores; floor: the plain yellowstone \
                 client, which decodes and drops",
                self.transactions,
                self.bytes as u64 / self.transactions.max(1)
            ),
            machine: machine(),
        }
    }

    /// Decodes as the yellowstone client does, and drops.
    async fn plain_client(&self) -> Result<Duration, BenchError> {
        let failed = |error: String| BenchError::Setup(format!("plain client: {error}"));
        let clock = Instant::now();
        let mut client = GeyserGrpcClient::build_from_shared(self.url.clone())
            .map_err(|error| failed(error.to_string()))?
            .max_decoding_message_size(MAX_MESSAGE)
            .http2_adaptive_window(true)
            .tcp_nodelay(true)
            .connect()
            .await
            .map_err(|error| failed(error.to_string()))?;
        let (_sink, mut stream) = client
            .subscribe_with_request(Some(SubscribeRequest::default()))
            .await
            .map_err(|error| failed(error.to_string()))?;
        let mut transactions = 0;
        while transactions < self.transactions {
            let update = stream
                .next()
                .await
                .ok_or_else(|| failed("the stream ended".into()))?
                .map_err(|status| failed(status.to_string()))?;
            if let Some(UpdateOneof::Block(block)) = update.update_oneof {
                transactions += block.transactions.len() as u64;
            }
        }
        Ok(clock.elapsed())
    }

    fn source(&self) -> GeyserOptions {
        GeyserOptions::new(
            self.url.clone(),
            self.decoder.programs().map(|(_, id)| *id).collect(),
        )
    }

    async fn null_sink(&self) -> Result<Duration, BenchError> {
        let clock = Instant::now();
        let work = drain(self.source(), Arc::clone(&self.decoder), self.last);
        let drained = tokio::time::timeout(PATIENCE, work)
            .await
            .map_err(|_| BenchError::Setup("a round did not end".into()))?
            .map_err(|error| BenchError::Setup(error.to_string()))?;
        if drained.transactions != self.transactions {
            return Err(BenchError::Setup(format!(
                "{} of {} transactions became rows",
                drained.transactions, self.transactions
            )));
        }
        Ok(drained.done.saturating_duration_since(clock))
    }

    async fn engine(&self, client: &Client) -> Result<Duration, BenchError> {
        let failed = |error: String| BenchError::Setup(error);
        migrate::migrate(client)
            .await
            .map_err(|error| failed(error.to_string()))?;
        migrate::evolve_tables(client, self.decoder.tables())
            .await
            .map_err(|error| failed(error.to_string()))?;
        let (status, stop) = (StatusHandle::new(), CancellationToken::new());
        let options = LiveOptions {
            geyser: self.source(),
            source: "bench".into(),
            wal: WalOptions::default(),
            accounts: None,
            rpc: None,
        };
        let clock = Instant::now();
        let run = tokio::spawn(run_live(
            options,
            Arc::clone(&self.decoder),
            client.clone(),
            status.clone(),
            stop.clone(),
        ));
        let mut watch = status.subscribe();
        let stored = watch.wait_for(|status| status.as_of_slot + LIVE_REST >= self.last);
        let reached = tokio::time::timeout(PATIENCE, stored).await.is_ok();
        let spent = clock.elapsed();
        stop.cancel();
        run.await
            .map_err(|error| failed(error.to_string()))?
            .map_err(|error| failed(error.to_string()))?;
        reached
            .then_some(spent)
            .ok_or_else(|| failed("the warehouse did not take all rows in time".into()))
    }
}

/// The last window may stay open.
const LIVE_REST: u64 = crate::batch::LIVE_WINDOW as u64;
