//! `hypernode bench sockets`: what hosts on sockets cost, and how fast a job is on its way to one.
//!
//! The server is this process; the hosts are a child of it, so that what they cost is not counted.

mod hosts;
mod load;
mod server;

use std::collections::HashMap;
use std::path::Path;
use std::time::{Duration, Instant};

use hypernode_dispatch::bench::{Stage, now};
use hypernode_dispatch::job::Pay;
use hypernode_indexer::bench::{Measurement, machine};
use hypernode_state::Address;

use crate::exit::{Failure, Outcome};
pub(crate) use hosts::run as run_hosts;
use load::{Arrived, Load};
use server::Server;

/// What is measured.
#[derive(Clone, Copy)]
struct Regime {
    /// Hosts that only show life.
    hosts: u32,
    /// For so long.
    quiet: Duration,
    /// Hosts that run jobs, of each of both kinds.
    workers: u32,
    /// Jobs each second.
    rate: u32,
    /// For so long.
    busy: Duration,
}

/// How often hosts show life, in seconds.
const HEARTBEAT_S: u32 = 15;

fn regime(long: bool) -> Regime {
    match long {
        false => Regime {
            hosts: 1_000,
            quiet: Duration::from_secs(8),
            workers: 50,
            rate: 1_000,
            busy: Duration::from_secs(6),
        },
        true => Regime {
            hosts: 20_000,
            quiet: Duration::from_secs(60),
            workers: 100,
            rate: 1_000,
            busy: Duration::from_secs(60),
        },
    }
}

pub(super) async fn sockets(folder: &Path, long: bool) -> Outcome<Vec<Measurement>> {
    let mut regime = regime(long);
    let room = server::room_for(regime.hosts);
    if room < regime.hosts {
        eprintln!(
            "this process may not open more files: {room} hosts instead of {} (ulimit -Hn says how many may be open)",
            regime.hosts
        );
        regime.hosts = room;
    }
    let server = Server::open(folder).await?;
    let mut lines = Vec::new();
    for (dialect, name) in [
        (
            "v2",
            "hosts of the old dialects, to which a job goes at once",
        ),
        ("aware", "lease-aware hosts, offered and taken first"),
    ] {
        lines.extend(latency(&server, regime, dialect, name).await?);
    }
    lines.extend(quiet(&server, regime).await?);
    Ok(lines)
}

fn measured(figure: f64, unit: &'static str, floor: Option<f64>, regime: String) -> Measurement {
    Measurement {
        bench: "sockets",
        figure,
        unit,
        floor,
        // Lower is better for all of these: times better than the limit.
        ratio: floor.filter(|_| figure > 0.0).map(|floor| floor / figure),
        regime,
        machine: machine(),
    }
}

/// From the call that submits a job to the arrival of its frame at its host.
async fn latency(
    server: &Server,
    regime: Regime,
    dialect: &'static str,
    name: &str,
) -> Outcome<Vec<Measurement>> {
    let load = Load::start(server, dialect, regime.workers, HEARTBEAT_S).await?;
    let mut sent: HashMap<String, i64> = HashMap::new();
    let begun = Instant::now();
    let gap = Duration::from_secs(1) / regime.rate;
    let mut submitting = tokio::task::JoinSet::new();
    let jobs = regime.rate * u32::try_from(regime.busy.as_secs()).unwrap_or(1);
    for n in 0..jobs {
        tokio::time::sleep_until((begun + gap * n).into()).await;
        let center = server.stage.center.clone();
        let number = u128::from(load.number()) << 64 | u128::from(n);
        submitting.spawn(async move {
            let order = Stage::order(number, Address([7; 32]), Pay::UpTo(1_000_000));
            let at = micros();
            let job = center.now()?.submit(order).await?;
            Ok::<_, hypernode_dispatch::service::DispatchError>((job.to_string(), at))
        });
    }
    let took_to_submit = begun.elapsed();
    while let Some(done) = submitting.join_next().await {
        let (job, at) = done
            .map_err(|error| Failure::Broke(error.into()))?
            .map_err(|error| Failure::Broke(error.into()))?;
        sent.insert(job, at);
    }
    let arrived = load.end(jobs).await?;
    let mut took: Vec<i64> = arrived
        .iter()
        .filter_map(|Arrived { job, at }| Some(at - sent.get(job)?))
        .collect();
    took.sort_unstable();
    let at = |share: f64| {
        let place = (took.len() as f64 * share) as usize;
        took.get(place.min(took.len().saturating_sub(1)))
            .map_or(f64::NAN, |us| *us as f64 / 1000.0)
    };
    let words = format!(
        "{:.0} jobs/s for {:.0} s to {} {name}; each submission on disk (SQLite, WAL, synchronous=FULL) before it is told; {} of \
         {jobs} arrived",
        f64::from(jobs) / took_to_submit.as_secs_f64(),
        took_to_submit.as_secs_f64(),
        regime.workers,
        took.len()
    );
    Ok(vec![
        measured(
            at(0.5),
            "ms",
            Some(5.0),
            format!("submit to job frame, p50; limit 5 ms; {words}"),
        ),
        measured(
            at(0.99),
            "ms",
            Some(25.0),
            format!("submit to job frame, p99; limit 25 ms; {words}"),
        ),
    ])
}

/// What hosts cost that only show life, and what their all coming back at once costs.
async fn quiet(server: &Server, regime: Regime) -> Outcome<Vec<Measurement>> {
    let before = server.memory();
    let mut load = Load::start(server, "mixed", regime.hosts, HEARTBEAT_S).await?;
    // What connecting took is not counted.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (cpu, begun) = (server::cpu(), Instant::now());
    tokio::time::sleep(regime.quiet).await;
    let cores = (server::cpu() - cpu).as_secs_f64() / begun.elapsed().as_secs_f64();
    let bytes = server.memory().saturating_sub(before) as f64 / f64::from(regime.hosts);
    let storm = load.storm().await?;
    load.close().await?;
    let hosts = regime.hosts;
    let words =
        format!("{hosts} hosts of all dialects over loopback, a heartbeat each {HEARTBEAT_S} s");
    let mut lines = vec![
        measured(
            cores,
            "cores",
            Some(1.0),
            format!(
                "{words}, for {:.0} s; limit 1",
                begun.elapsed().as_secs_f64()
            ),
        ),
        measured(
            bytes / 1024.0,
            "KiB",
            Some(25.0),
            format!("memory of the server for each of {words}; limit 25"),
        ),
    ];
    lines.push(measured(
        storm.as_secs_f64(),
        "s",
        Some(30.0),
        format!("all {hosts} connections broken at once, until the last host is registered again; limit 30"),
    ));
    Ok(lines)
}

/// Microseconds since 1970: the clock that both processes have.
pub(super) fn micros() -> i64 {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    now.as_micros()
        .try_into()
        .unwrap_or_else(|_| now_ms() * 1000)
}

fn now_ms() -> i64 {
    now()
}
