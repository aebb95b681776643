//! `hypernode bench`: figures of this machine, each beside a floor measured in the same run.

use std::path::{Path, PathBuf};
use std::time::Duration;

use hypernode_analytics::bench::{Timing, again, scale};
use hypernode_indexer::bench::backfill::{self, BackfillOptions};
use hypernode_indexer::bench::geyser::{self, GeyserBench};
use hypernode_indexer::bench::ingest::{self, IngestOptions};
use hypernode_indexer::bench::memory::{self, MemoryOptions, Stored};
use hypernode_indexer::bench::{BenchError, Measurement, decode, machine, recovery, scan, slots};

use super::{bench_accounts, bench_api, bench_dispatch, bench_sockets};
use crate::cli::{AnalyticsBench, Bench, BenchArgs};
use crate::config;
use crate::exit::{Failure, OrCannotStart as _, Outcome};
use crate::out::say;
use crate::store::Store;

pub(crate) async fn run(command: &Bench) -> Outcome {
    match command {
        Bench::Ingest(args) => run_ingest(args).await,
        Bench::Decode(args) => {
            let time = Duration::from_secs(if args.long { 120 } else { 20 });
            let measured = one_core(move || decode::decode(time)).await?;
            print(args, &measured)
        }
        Bench::Scan(args) => {
            let time = Duration::from_secs(if args.long { 60 } else { 10 });
            let measured = one_core(move || scan::scan(time)).await?;
            print(args, &[measured])
        }
        Bench::Slots(args) => {
            let time = Duration::from_secs(if args.long { 60 } else { 10 });
            let measured = one_core(move || Ok(slots::slots(time))).await?;
            print(args, &[measured])
        }
        Bench::Backfill(args) => run_backfill(args).await,
        Bench::Geyser(args) => run_geyser(args).await,
        Bench::Memory(args) => run_memory(args).await,
        Bench::Recovery(args) => run_recovery(args).await,
        Bench::Analytics(args) => run_analytics(args).await,
        Bench::Store(args) => {
            let scratch = Scratch::new()?;
            print(
                args,
                &bench_accounts::store(&scratch.folder, args.long).await?,
            )
        }
        Bench::Accounts(args) => {
            let scratch = Scratch::new()?;
            print(
                args,
                &bench_accounts::accounts(&scratch.folder, args.long).await?,
            )
        }
        Bench::Match(args) => {
            let measured = bench_dispatch::matches(args.long).await?;
            print(args, &measured)
        }
        Bench::Queue(args) => {
            let scratch = Scratch::new()?;
            let measured = bench_dispatch::queue(&scratch.folder, args.long).await?;
            print(args, &measured)
        }
        Bench::Sockets(args) => {
            let scratch = Scratch::new()?;
            let measured = Box::pin(bench_sockets::sockets(&scratch.folder, args.long)).await?;
            print(args, &measured)
        }
        Bench::Api(args) => {
            let scratch = Scratch::new()?;
            let store = scratch.engine(args).await?;
            let time = Duration::from_secs(if args.long { 180 } else { 30 });
            let measured = bench_api::run(&store.client, time).await;
            store.close().await;
            print(args, &measured?)
        }
    }
}

/// Measures on one thread of its own: the figure is one core's.
async fn one_core<T: Send + 'static>(
    measure: impl FnOnce() -> Result<T, BenchError> + Send + 'static,
) -> Outcome<T> {
    tokio::task::spawn_blocking(measure)
        .await
        .map_err(|error| Failure::Broke(error.into()))?
        .map_err(|error| Failure::Broke(error.into()))
}

/// Runs over a scratch directory beside the data directory, which it leaves alone.
async fn run_ingest(args: &BenchArgs) -> Outcome {
    let scratch = Scratch::new()?;
    let store = scratch.engine(args).await?;
    let mut options = IngestOptions::default();
    if args.long {
        options.time = Duration::from_secs(180);
    }
    let measured = ingest::ingest(&store.client, options).await;
    store.close().await;
    let measured = measured.map_err(|error| Failure::Broke(error.into()))?;
    print(args, &[measured])
}

async fn run_backfill(args: &BenchArgs) -> Outcome {
    let mut lines = Vec::new();
    // What a hosted endpoint takes, and one beside us.
    for latency in [100, 20] {
        let scratch = Scratch::new()?;
        let store = scratch.engine(args).await?;
        let options = BackfillOptions {
            time: Duration::from_secs(if args.long { 15 } else { 2 }),
            latency: Duration::from_millis(latency),
        };
        let measured = backfill::backfill(&store.client, options).await;
        store.close().await;
        lines.push(measured.map_err(|error| Failure::Broke(error.into()))?);
    }
    print(args, &lines)
}

async fn run_memory(args: &BenchArgs) -> Outcome {
    let scratch = Scratch::new()?;
    let store = scratch.engine(args).await?;
    let seconds = if args.long { 1_200 } else { 30 };
    let options = MemoryOptions {
        events: 10_000_000,
        time: Duration::from_secs(seconds),
    };
    let measured = memory::memory(&store.client, options, stored).await;
    store.close().await;
    let measured = measured.map_err(|error| Failure::Broke(error.into()))?;
    print(args, &[measured])
}

/// A line on how far a bench is.
fn stored(so_far: Stored) {
    let Stored { events, of, time } = so_far;
    eprintln!("{events} of {of} events, {} s", time.as_secs());
}

async fn run_recovery(args: &BenchArgs) -> Outcome {
    let scratch = Scratch::new()?;
    let store = scratch.engine(args).await?;
    let pid = store.engine_pid().and_then(|pid| i32::try_from(pid).ok());
    let Some(pid) = pid.and_then(rustix::process::Pid::from_raw) else {
        return Err(Failure::start(
            "bench recovery",
            "it needs the embedded engine, to kill it",
        ));
    };
    let seconds = if args.long { 1_200 } else { 20 };
    let options = MemoryOptions {
        events: 10_000_000,
        time: Duration::from_secs(seconds),
    };
    let measured = recovery::recovery(&store.client, options, stored, || {
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
    })
    .await;
    store.close().await;
    let measured = measured.map_err(|error| Failure::Broke(error.into()))?;
    print(args, &[measured])
}

/// Prints each figure as it is there: the whole takes long.
async fn run_analytics(args: &AnalyticsBench) -> Outcome {
    let mut scratch = match (&args.again, &args.scratch) {
        (Some(folder), _) => Scratch {
            folder: folder.clone(),
            stays: true,
        },
        (None, Some(folder)) => Scratch::within(folder)?,
        (None, None) => Scratch::new()?,
    };
    scratch.stays |= args.keep;
    if args.keep {
        eprintln!("the tables stay in {}", scratch.folder.display());
    }
    let store = scratch.engine(&args.args).await?;
    let sizes = match (args.events.as_slice(), args.args.long) {
        ([], false) => vec![1_000_000],
        ([], true) => vec![1_000_000, 10_000_000, 100_000_000],
        (sizes, _) => sizes.to_vec(),
    };
    let (mut printed, mut asked) = (Ok(()), Ok(()));
    let tell = |timing: &Timing| {
        let line = Measurement {
            bench: "analytics",
            figure: timing.p50_ms,
            unit: "ms",
            floor: None,
            ratio: None,
            regime: format!(
                "{}; {} events; p99 {} ms of {}",
                timing.what, timing.events, timing.p99_ms, timing.rounds
            ),
            machine: machine(),
        };
        if printed.is_ok() {
            printed = print(&args.args, &[line]);
        }
    };
    let ask = async |time: Duration| match bench_api::answers(&store.client, time).await {
        Ok(times) => {
            let named = times
                .into_iter()
                .map(|(route, all)| (format!("GET {route}"), all));
            named.collect()
        }
        Err(failure) => {
            asked = Err(failure);
            Vec::new()
        }
    };
    let measured = match &args.again {
        Some(_) => again(&store.client, tell, ask).await,
        None => scale(&store.client, &sizes, tell, ask).await,
    };
    store.close().await;
    measured.map_err(|error| Failure::Broke(error.into()))?;
    printed.and(asked)
}

async fn run_geyser(args: &BenchArgs) -> Outcome {
    let scratch = Scratch::new()?;
    let store = scratch.engine(args).await?;
    let mut options = GeyserBench::default();
    if args.long {
        options.time = Duration::from_secs(120);
    }
    let measured = geyser::geyser(Some(&store.client), options).await;
    store.close().await;
    print(
        args,
        &measured.map_err(|error| Failure::Broke(error.into()))?,
    )
}

/// A folder for one engine, removed afterwards unless it stays.
struct Scratch {
    folder: PathBuf,
    stays: bool,
}

impl Scratch {
    fn new() -> Outcome<Self> {
        Self::within(&std::env::temp_dir())
    }

    fn within(folder: &Path) -> Outcome<Self> {
        let folder = folder.join(format!("hypernode-bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder).or_cannot_start("scratch folder")?;
        Ok(Self {
            folder,
            stays: false,
        })
    }

    async fn engine(&self, args: &BenchArgs) -> Outcome<Store> {
        Store::embedded(&config::load(&args.common)?, &self.folder, 0).await
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !self.stays {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

fn print(args: &BenchArgs, lines: &[Measurement]) -> Outcome {
    for line in lines {
        if args.json {
            say!("{}", serde_json::to_string(line).or_cannot_start("bench")?);
            continue;
        }
        let shown = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |v| format!("{v}"));
        say!(
            "{}: {} {}; floor {}; ratio {}",
            line.bench,
            line.figure,
            line.unit,
            shown(line.floor),
            shown(line.ratio)
        );
        say!("  {}\n  {}", line.regime, line.machine);
    }
    Ok(())
}
