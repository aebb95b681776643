//! `bench api`: a public answer under many connections while blocks are stored, beside a handler that returns the same bytes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use hypernode_api::{ApiState, NetworkInfo, Silent, router};
use hypernode_indexer::bench::{Measurement, live, machine};
use hypernode_warehouse::Client;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::exit::{Failure, OrCannotStart as _, Outcome};

const CONNECTIONS: usize = 64;
const ROUTE: &str = "/api/metrics/validation";
/// The same bytes, by a handler that does nothing else.
const STATIC: &str = "/static";
/// Blocks come as on chain.
const PACE: Duration = Duration::from_millis(400);
const TRANSACTIONS: u32 = 100;

/// Requests per second and the 99th percentile, milliseconds.
struct Load {
    per_second: f64,
    p99_ms: f64,
}

/// What a page or a client of ours asks for.
const ROUTES: [&str; 8] = [
    ROUTE,
    "/api/metrics",
    "/api/metrics/nodes",
    "/api/metrics/jobs",
    "/api/metrics/current",
    "/api/validation",
    "/api/validation/figures",
    "/api/validation/figures/jobs_completed",
];
/// Between two questions of one client.
const REST: Duration = Duration::from_millis(40);

/// Asks each route on a connection of its own for so long; gives the milliseconds that each answer took.
pub(super) async fn answers(
    client: &Client,
    time: Duration,
) -> Outcome<Vec<(&'static str, Vec<f64>)>> {
    let state = ApiState::new(
        client.clone(),
        NetworkInfo::simulated("bench"),
        Arc::new(Silent),
    );
    let address = serve(router(state)).await?;
    let until = Instant::now() + time;
    let mut asking: JoinSet<Outcome<_>> = JoinSet::new();
    for route in ROUTES {
        asking.spawn(async move {
            // The first one makes what the others keep.
            whole(address, route).await?;
            let asked = ask(address, route, until, REST).await;
            let asked = asked.map_err(|error| Failure::Broke(error.into()))?;
            Ok((route, asked))
        });
    }
    let mut all = Vec::new();
    while let Some(asked) = asking.join_next().await {
        all.push(asked.map_err(|error| Failure::Broke(error.into()))??);
    }
    Ok(all)
}

/// Measures in turns, so that a busy machine slows both alike. The warehouse must be empty.
pub(super) async fn run(client: &Client, time: Duration) -> Outcome<Vec<Measurement>> {
    let stop = Arc::new(AtomicBool::new(false));
    let blocks = {
        let (client, stop) = (client.clone(), Arc::clone(&stop));
        tokio::spawn(async move { live::live(&client, PACE, TRANSACTIONS, stop).await })
    };
    // Fifty receipts are there by then.
    tokio::time::sleep(PACE * 12).await;
    let state = ApiState::new(
        client.clone(),
        NetworkInfo::simulated("bench"),
        Arc::new(Silent),
    );
    let application = router(state);
    let address = serve(application.clone()).await?;
    let body = whole(address, ROUTE).await?;
    let length = body.len();
    let copy = Router::new().route(
        STATIC,
        get(move || {
            let body = body.clone();
            async move { ([(CONTENT_TYPE, "application/json")], body) }
        }),
    );
    let fixed = serve(copy).await?;
    let (mut ours, mut floor) = (Vec::new(), Vec::new());
    let turns = 6_u32;
    for _ in 0..turns {
        ours.push(load(address, ROUTE, time / turns / 2).await?);
        floor.push(load(fixed, STATIC, time / turns / 2).await?);
    }
    stop.store(true, Ordering::Relaxed);
    let stored = blocks.await.map_err(|error| Failure::Broke(error.into()))?;
    let rows = stored.map_err(|error| Failure::Broke(error.into()))?;
    let regime = format!(
        "GET {ROUTE} ({length} bytes) at {CONNECTIONS} connections of the same process, {TRANSACTIONS} transactions stored every \
         {} ms meanwhile ({rows} rows); floor: a handler with the same bytes, in turns",
        PACE.as_millis()
    );
    let middle = |of: &[Load], figure: fn(&Load) -> f64| {
        let mut all: Vec<f64> = of.iter().map(figure).collect();
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied().unwrap_or_default()
    };
    let line = |figure: f64, unit, floor: f64, ratio: f64| Measurement {
        bench: "api",
        figure: (figure * 100.0).round() / 100.0,
        unit,
        floor: Some((floor * 100.0).round() / 100.0),
        ratio: Some((ratio * 1_000.0).round() / 1_000.0),
        regime: regime.clone(),
        machine: machine(),
    };
    let rate = (
        middle(&ours, |load| load.per_second),
        middle(&floor, |load| load.per_second),
    );
    let slow = (
        middle(&ours, |load| load.p99_ms),
        middle(&floor, |load| load.p99_ms),
    );
    Ok(vec![
        line(rate.0, "requests/s", rate.1, rate.0 / rate.1),
        line(slow.0, "ms at p99", slow.1, slow.1 / slow.0),
    ])
}

async fn serve(application: Router) -> Outcome<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await;
    let listener = listener.or_cannot_start("a port")?;
    let address = listener.local_addr().or_cannot_start("a port")?;
    tokio::spawn(async move { axum::serve(listener, application).await });
    Ok(address)
}

async fn whole(address: SocketAddr, path: &str) -> Outcome<Bytes> {
    let url = format!("http://{address}{path}");
    let answer = reqwest::get(url).await;
    let answer = answer.and_then(reqwest::Response::error_for_status);
    let answer = answer.map_err(|error| Failure::Broke(error.into()))?;
    let body = answer.bytes().await;
    body.map_err(|error| Failure::Broke(error.into()))
}

/// Asks on all connections for so long.
async fn load(address: SocketAddr, path: &'static str, time: Duration) -> Outcome<Load> {
    let begun = Instant::now();
    let mut asking = JoinSet::new();
    for _ in 0..CONNECTIONS {
        asking.spawn(async move { ask(address, path, begun + time, Duration::ZERO).await });
    }
    let mut times: Vec<f64> = Vec::new();
    while let Some(asked) = asking.join_next().await {
        let asked = asked.map_err(|error| Failure::Broke(error.into()))?;
        times.extend(asked.map_err(|error| Failure::Broke(error.into()))?);
    }
    let seconds = begun.elapsed().as_secs_f64();
    times.sort_by(f64::total_cmp);
    Ok(Load {
        per_second: times.len() as f64 / seconds,
        p99_ms: times
            .get(times.len() * 99 / 100)
            .copied()
            .unwrap_or_default(),
    })
}

/// One connection, one request after the other, with a rest between two. A client that does as little as possible: it shares the
/// cores.
async fn ask(
    address: SocketAddr,
    path: &str,
    until: Instant,
    rest: Duration,
) -> std::io::Result<Vec<f64>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: bench\r\n\r\n");
    let mut buffer = vec![0; 64 * 1024];
    let mut times = Vec::new();
    while Instant::now() < until {
        let begun = Instant::now();
        stream.write_all(request.as_bytes()).await?;
        let mut filled = 0;
        let mut whole = None;
        while whole.is_none_or(|whole| filled < whole) {
            let got = stream
                .read(buffer.get_mut(filled..).unwrap_or_default())
                .await?;
            if got == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            filled += got;
            if whole.is_none() {
                whole = length(buffer.get(..filled).unwrap_or_default())?;
                // Another slot may have a longer answer.
                let more = whole.unwrap_or(filled) + 1;
                buffer.resize(buffer.len().max(more), 0);
            }
        }
        times.push(begun.elapsed().as_secs_f64() * 1e3);
        if !rest.is_zero() {
            tokio::time::sleep(rest).await;
        }
    }
    Ok(times)
}

/// Bytes of the whole answer, once its head is there; anything but 200 is an error.
fn length(answer: &[u8]) -> std::io::Result<Option<usize>> {
    let Some(head) = answer.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let text = String::from_utf8_lossy(answer.get(..head).unwrap_or_default()).to_lowercase();
    let length = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .and_then(|length| length.trim().parse::<usize>().ok());
    match length {
        Some(length) if text.starts_with("http/1.1 200") => Ok(Some(head + 4 + length)),
        _ => Err(std::io::Error::other(text)),
    }
}
