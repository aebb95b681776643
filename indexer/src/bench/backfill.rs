//! `bench backfill`: blocks of an RPC server stored, beside a loop that asks for one block after the other.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use hypernode_decoder::Keep;
use hypernode_warehouse::{Client, migrate};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{BenchError, Measurement, machine, recorded};
use crate::pipeline::{PipelineError, RepairOptions, run_repair};
use crate::rpc::{Commitment, Fetched, Pool, PoolOptions, Rpc};
use crate::verify::Source;

/// Blocks that are asked for at once.
const PARALLEL: usize = 32;
/// First slot of the first round.
const BASE: u64 = 1_000;

/// How long, and how far away the server is.
#[derive(Debug, Clone, Copy)]
pub struct BackfillOptions {
    /// Time for the loop of each round; a round of ours stores as many blocks as it takes to be as long.
    pub time: Duration,
    /// Time from a request to its answer, on top of what the server works.
    pub latency: Duration,
}

/// Measures with the recorded mainnet block, under other slots and hashes. The warehouse must be empty; tables are made.
///
/// # Errors
/// When the recorded block is not at hand, or the warehouse refuses.
pub async fn backfill(
    client: &Client,
    options: BackfillOptions,
) -> Result<Measurement, PipelineError> {
    let setup = |error: BenchError| PipelineError::Decoder(error.to_string());
    let decoder = Arc::new(recorded::decoder(Keep::Matching).map_err(setup)?);
    migrate::migrate(client).await?;
    migrate::evolve_tables(client, decoder.tables()).await?;
    let url = serve(options.latency).await.map_err(setup)?;
    let pool = Pool::new(&PoolOptions {
        requests_per_second: 0.0,
        parallel: PARALLEL,
        ..PoolOptions::new(vec![url.clone()])
    })?;
    let (mut ours, mut floors, mut blocks) = (Vec::new(), Vec::new(), 0);
    let mut base = BASE;
    // The first round warms up.
    for _ in 0..3 {
        let asked = one_by_one(&Rpc::new(&url)?, base, options.time).await?;
        let floor = asked as f64 / options.time.as_secs_f64();
        let count = (asked * 8).max(320);
        let clock = Instant::now();
        let wanted = RepairOptions {
            from: base,
            to: base + count - 1,
            source: Source::Rpc(pool.clone()),
            missing: true,
            chosen: true,
        };
        let stop = CancellationToken::new();
        let run = run_repair(wanted, Arc::clone(&decoder), client.clone(), stop, |_| {});
        let done = Box::pin(run).await?;
        ours.push(done.blocks as f64 / clock.elapsed().as_secs_f64());
        floors.push(floor);
        blocks += done.blocks;
        base += count;
    }
    let ratios: Vec<f64> = ours
        .iter()
        .zip(&floors)
        .map(|(one, other)| one / other)
        .collect();
    Ok(Measurement {
        bench: "backfill",
        figure: super::median(&ours).round(),
        unit: "slots/s",
        floor: Some((super::median(&floors) * 10.0).round() / 10.0),
        ratio: Some((super::median(&ratios) * 100.0).round() / 100.0),
        regime: format!(
            "mainnet block {} as the answer to every getBlock of a loopback server that answers after {} ms, {PARALLEL} asked \
             for at once, what names 3 programs decoded and stored in the embedded engine with fsync, {blocks} blocks in all; floor: a loop that \
             asks for one block after the other, reads it and stores nothing",
            recorded::SLOT,
            options.latency.as_millis()
        ),
        machine: machine(),
    })
}

/// How many blocks a loop gets.
async fn one_by_one(rpc: &Rpc, from: u64, time: Duration) -> Result<u64, PipelineError> {
    let clock = Instant::now();
    let mut slot = from;
    while clock.elapsed() < time {
        match rpc.block(slot, Commitment::Confirmed).await? {
            Fetched::Block(block) => drop(std::hint::black_box(block)),
            other => return Err(PipelineError::Decoder(format!("slot {slot}: {other:?}"))),
        }
        slot += 1;
    }
    Ok(slot - from)
}

/// A server on a free port that holds a block in every slot.
async fn serve(latency: Duration) -> Result<String, BenchError> {
    let setup = |error: String| BenchError::Setup(format!("loopback server: {error}"));
    let block: Value =
        serde_json::from_slice(&recorded::json()?).map_err(|error| setup(error.to_string()))?;
    let mut block = block.get("result").cloned().unwrap_or(block);
    if let Some(members) = block.as_object_mut() {
        for own in ["blockhash", "previousBlockhash", "parentSlot"] {
            members.remove(own);
        }
    }
    let rest: Arc<str> = block.to_string().trim_start_matches('{').into();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await;
    let listener = listener.map_err(|error| setup(error.to_string()))?;
    let address = listener
        .local_addr()
        .map_err(|error| setup(error.to_string()))?;
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let rest = Arc::clone(&rest);
            let service = service_fn(move |request| answer(request, Arc::clone(&rest), latency));
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(socket), service));
        }
    });
    Ok(format!("http://{address}"))
}

async fn answer(
    request: Request<Incoming>,
    rest: Arc<str>,
    latency: Duration,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = request
        .into_body()
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes);
    let asked: Value = serde_json::from_slice(&body.unwrap_or_default()).unwrap_or_default();
    let number = |n: usize| asked["params"][n].as_u64().unwrap_or(0);
    tokio::time::sleep(latency).await;
    let text = match asked["method"].as_str().unwrap_or_default() {
        "getBlock" => {
            let slot = number(0);
            format!(
                r#"{{"jsonrpc":"2.0","id":1,"result":{{"blockhash":"{}","previousBlockhash":"{}","parentSlot":{},{rest}}}"#,
                hash(slot),
                hash(slot - 1),
                slot - 1
            )
        }
        "getBlocks" => {
            let slots: Vec<u64> = (number(0)..=number(1)).collect();
            json!({"jsonrpc": "2.0", "id": 1, "result": slots}).to_string()
        }
        _ => json!({"jsonrpc": "2.0", "id": 1, "result": 1_u64 << 40}).to_string(),
    };
    Ok(Response::new(Full::new(Bytes::from(text))))
}

fn hash(slot: u64) -> String {
    let mut bytes = [1; 32];
    bytes[..8].copy_from_slice(&slot.to_le_bytes());
    let mut text = [0; five8::BASE58_ENCODED_32_MAX_LEN];
    let length = usize::from(five8::encode_32(&bytes, &mut text));
    String::from_utf8_lossy(&text[..length]).into_owned()
}
