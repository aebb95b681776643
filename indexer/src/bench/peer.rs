//! What `bench decode` is measured against: the type that anchor-lang generates from the same IDL, decoded as
//! anchor-client does, and each row written by the clickhouse crate.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::pin;
use std::time::{Duration, Instant};

use anchor_lang::{AnchorDeserialize as _, Discriminator as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use clickhouse::insert::Insert;
use clickhouse::{Client, Row};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use hypernode_decoder::Place;
use serde::Serialize;
use tokio::net::TcpListener;

use super::BenchError;

/// Generated from `idls/job_receipt.json`, the file that our side reads too.
#[allow(
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    dead_code,
    clippy::all
)]
mod generated {
    use anchor_lang::{self, declare_program};

    declare_program!(job_receipt);
}

use generated::job_receipt::events::JobCompletedEvent;

/// The event that is measured.
pub(super) const EVENT: &str = "JobCompletedEvent";

/// The same row as in our table. A signature is two arrays, because serde knows none of 64.
#[derive(Row, Serialize)]
struct CompletedRow {
    slot: u64,
    tx_index: u32,
    outer_ix: u16,
    inner_ix: i32,
    ordinal: u32,
    signature: [[u8; 32]; 2],
    block_time: u32,
    job_id: String,
    operator: [u8; 32],
    result_hash: String,
    logs_url: String,
    timestamp: i64,
}

/// A client of the crate with a sink behind it.
pub(super) struct Peer {
    client: Client,
    buffer: Vec<u8>,
}

impl Peer {
    /// Opens the sink on a free port of the loopback interface.
    pub(super) async fn start() -> Result<Self, BenchError> {
        let setup = |error: std::io::Error| BenchError::Setup(format!("loopback sink: {error}"));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(setup)?;
        let port = listener.local_addr().map_err(setup)?.port();
        tokio::spawn(sink(listener));
        Ok(Self {
            client: Client::default()
                .with_url(format!("http://127.0.0.1:{port}"))
                .with_compression(clickhouse::Compression::None)
                .with_validation(false),
            buffer: vec![0; 4_096],
        })
    }

    /// Decodes and writes `count` rows; the time that passed inside, without what the sink and the socket took.
    pub(super) async fn round<T>(
        &mut self,
        inputs: &[T],
        count: u32,
        event: impl Fn(&mut Self, &T) -> Option<JobCompletedEvent>,
    ) -> Result<Duration, BenchError> {
        let failed = |error: clickhouse::error::Error| BenchError::Setup(error.to_string());
        let mut insert: Insert<CompletedRow> = self.client.insert("sink").await.map_err(failed)?;
        let mut spent = Duration::ZERO;
        {
            let mut work = pin!(async {
                let mut place = place();
                for (index, input) in (0..count).zip(inputs.iter().cycle()) {
                    place.tx_index = index;
                    let Some(event) = event(self, std::hint::black_box(input)) else {
                        return Err(BenchError::Setup("made-up records were refused".into()));
                    };
                    insert.write(&row(&place, event)).await.map_err(failed)?;
                }
                Ok(())
            });
            // While it waits for the sink the clock stands still.
            poll_fn(|context| {
                let clock = Instant::now();
                let poll = work.as_mut().poll(context);
                spent += clock.elapsed();
                poll
            })
            .await?;
        }
        insert.end().await.map_err(failed)?;
        Ok(spent)
    }

    /// As anchor-client reads a log, but into a buffer that is kept.
    #[allow(clippy::ptr_arg, reason = "an element of a slice, handed on by name")]
    pub(super) fn line_event(&mut self, line: &String) -> Option<JobCompletedEvent> {
        let text = line.strip_prefix("Program data: ")?;
        let length = STANDARD.decode_slice(text, &mut self.buffer).ok()?;
        decode(self.buffer.get(..length)?)
    }

    /// The bytes behind the tag of a self-call.
    #[allow(clippy::ptr_arg, reason = "an element of a slice, handed on by name")]
    pub(super) fn raw_event(&mut self, data: &Vec<u8>) -> Option<JobCompletedEvent> {
        decode(data)
    }
}

fn decode(data: &[u8]) -> Option<JobCompletedEvent> {
    let mut body = data.strip_prefix(JobCompletedEvent::DISCRIMINATOR)?;
    JobCompletedEvent::deserialize(&mut body).ok()
}

/// Where made-up records stand.
pub(super) fn place() -> Place {
    let mut signature = [0; 64];
    for (byte, value) in signature.iter_mut().zip(1..) {
        *byte = value;
    }
    Place {
        slot: 431_000_000,
        block_time: 1_700_000_000,
        tx_index: 0,
        signature,
        outer_ix: 2,
        inner_ix: -1,
        ordinal: 0,
    }
}

fn row(place: &Place, event: JobCompletedEvent) -> CompletedRow {
    let (halves, _) = place.signature.as_chunks::<32>();
    CompletedRow {
        slot: place.slot,
        tx_index: place.tx_index,
        outer_ix: place.outer_ix,
        inner_ix: place.inner_ix,
        ordinal: place.ordinal,
        signature: halves.try_into().unwrap_or_default(),
        block_time: place.block_time,
        job_id: event.job_id,
        operator: event.operator.to_bytes(),
        result_hash: event.result_hash,
        logs_url: event.logs_url,
        timestamp: event.timestamp,
    }
}

/// Takes every insert and keeps nothing.
async fn sink(listener: TcpListener) {
    while let Ok((socket, _)) = listener.accept().await {
        let service = hyper::service::service_fn(|request: Request<Incoming>| async {
            let mut body = request.into_body();
            while let Some(Ok(_)) = body.frame().await {}
            Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
        });
        tokio::spawn(
            hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(socket), service),
        );
    }
}
