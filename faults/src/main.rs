//! `faults`: breaks things on purpose and counts what is lost.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use hypernode_faults::abuse::{AbuseOptions, Case, abuse};
use hypernode_faults::dispatch::{Day, days};
use hypernode_faults::ingest::{self, Keep, Outcome, Summary};
use hypernode_faults::net::{self, NetOptions};
use hypernode_faults::scenarios;
use hypernode_faults::store::Store;
use hypernode_warehouse::fail;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Breaks things on purpose: networks, connections, processes; then compares what is stored with the chain.
#[derive(Debug, Parser)]
#[command(name = "faults", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Kill a real indexer at random and at fail points, before a network that misbehaves. The last line is one JSON object.
    Ingest(Ingest),
    /// Play every row of what streams were seen to do wrong: equal to the chain, or a gap with its reason.
    Scenarios(Scenarios),
    /// Crash dispatchers, hosts and connections in virtual time around the real board, queue and matchmaker. The last line
    /// is one JSON object.
    Dispatch(Dispatch),
    /// Frames, tokens, results, hosts and clients that mean no good, over real sockets, beside a good host. The last line is
    /// one JSON object.
    Abuse(AbuseArgs),
    /// The network's own process; started by the other commands.
    #[command(hide = true)]
    Net {
        /// Its options, as JSON.
        options: String,
    },
}

#[derive(Debug, Args)]
struct Ingest {
    /// How many seeds.
    #[arg(long, default_value_t = 10)]
    seeds: u64,
    /// The first one.
    #[arg(long, default_value_t = 1)]
    from_seed: u64,
    /// Seeds that run at once, each with an engine of its own.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=64))]
    jobs: u64,
    /// Keep chains, data directories and logs of the seeds here.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Dispatch {
    /// How many seeds, each a day of faults.
    #[arg(long, default_value_t = 500)]
    seeds: u64,
    /// The first one.
    #[arg(long, default_value_t = 1)]
    from_seed: u64,
    /// Seeds that run at once.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=64))]
    jobs: u64,
}

#[derive(Debug, Args)]
struct AbuseArgs {
    /// Jobs that one client tries to create.
    #[arg(long, default_value_t = 50_000, value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    jobs: u64,
    /// Sockets that flood at a time.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=900))]
    floods: u32,
}

#[derive(Debug, Args)]
struct Scenarios {
    /// Only those whose name contains this.
    name: Option<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "warn".into()),
        )
        .with_writer(std::io::stderr)
        .init();
    let done = match Cli::parse().command {
        Command::Ingest(args) => ingest(args).await,
        Command::Scenarios(args) => scenarios(args).await,
        Command::Dispatch(args) => Ok(dispatch(&args)),
        Command::Abuse(args) => Box::pin(run_abuse(&args)).await,
        Command::Net { options } => network(&options).await,
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("faults: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Writes a line of the answer; who reads no further is told no more.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

async fn network(options: &str) -> Result<bool> {
    let options: NetOptions = serde_json::from_str(options)?;
    net::serve(&options).await?;
    Ok(true)
}

fn dispatch(args: &Dispatch) -> bool {
    let bad = |day: Day| say(&format!("seed {}: {:?}", day.seed, day.tally));
    let progress = |done| eprintln!("{done} of {} seeds", args.seeds);
    let all = days(args.from_seed, args.seeds, args.jobs, bad, progress);
    eprintln!(
        "{} jobs, {} completed; {} dispatchers killed, {} results refused",
        all.jobs, all.completed, all.crashes, all.refused
    );
    let summary = serde_json::json!({
        "seeds": args.seeds,
        "jobs_lost": all.jobs_lost,
        "paid_twice": all.paid_twice,
        "stale_accepted": all.stale_accepted,
        "not_ended": all.not_ended,
    });
    say(&summary.to_string());
    all.is_clean()
}

async fn run_abuse(args: &AbuseArgs) -> Result<bool> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let told = |case: &Case| {
        let verdict = if case.wrong.is_empty() {
            "refused"
        } else {
            "NOT REFUSED"
        };
        say(&format!(
            "{:48} {:>8} tried  {verdict}",
            case.name, case.tried
        ));
        case.wrong
            .iter()
            .for_each(|wrong| say(&format!("    {wrong}")));
    };
    let options = AbuseOptions {
        jobs: args.jobs,
        floods: args.floods,
    };
    let summary = abuse(options, told).await?;
    say(&serde_json::to_string(&summary)?);
    Ok(summary.is_clean())
}

async fn scenarios(args: Scenarios) -> Result<bool> {
    let store = Store::open().await?;
    let wanted = |name: &str| args.name.as_deref().is_none_or(|part| name.contains(part));
    let (mut good, mut bad) = (0, 0);
    for scenario in scenarios::all() {
        if !wanted(scenario.name) {
            continue;
        }
        let (verdict, time) = scenario.play(&store).await?;
        say(&format!(
            "{:28} {:5.1} s  {verdict}",
            scenario.name,
            time.as_secs_f64()
        ));
        if verdict.is_good() {
            good += 1;
        } else {
            bad += 1;
        }
    }
    store.close().await;
    say(&serde_json::json!({"scenarios": good + bad, "failed": bad}).to_string());
    Ok(bad == 0)
}

async fn ingest(args: Ingest) -> Result<bool> {
    let began = Instant::now();
    let seeds = args.from_seed..args.from_seed.saturating_add(args.seeds);
    let (sender, mut outcomes) = mpsc::unbounded_channel();
    let left = Arc::new(Mutex::new(seeds));
    let mut jobs = JoinSet::new();
    for _ in 0..args.jobs.min(args.seeds) {
        let (left, sender, keep) = (Arc::clone(&left), sender.clone(), Keep(args.keep.clone()));
        jobs.spawn(async move {
            let store = Store::open().await?;
            loop {
                let next = left.lock().unwrap_or_else(PoisonError::into_inner).next();
                let Some(seed) = next else {
                    break;
                };
                let outcome = ingest::seed(&store, seed, &keep).await;
                // Who listens to the end is below.
                let _ = sender.send((seed, outcome));
            }
            store.close().await;
            anyhow::Ok(())
        });
    }
    drop(sender);
    let mut report = Report::default();
    while let Some((seed, outcome)) = outcomes.recv().await {
        report.add(seed, outcome);
    }
    while let Some(job) = jobs.join_next().await {
        job??;
    }
    report.print(began.elapsed());
    say(&serde_json::to_string(&report.summary)?);
    Ok(report.broken.is_empty() && report.summary.is_good())
}

/// What the seeds came to.
#[derive(Default)]
struct Report {
    summary: Summary,
    broken: Vec<u64>,
    /// Fail points: how often they were aimed at, and how often one died there.
    deaths: BTreeMap<&'static str, (u64, u64)>,
}

impl Report {
    fn add(&mut self, seed: u64, outcome: Result<Outcome>) {
        self.summary.seeds += 1;
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(error) => {
                eprintln!("seed {seed}: {error:#}");
                self.broken.push(seed);
                return;
            }
        };
        let difference = &outcome.difference;
        eprintln!(
            "seed {seed}: slots {} to {}, {} rows, {} kills, {} retractions, {:.1} s",
            outcome.slots.0,
            outcome.slots.1,
            difference.rows,
            outcome.kills,
            outcome.retractions,
            outcome.time.as_secs_f64()
        );
        for line in &difference.lines {
            eprintln!("  {line}");
        }
        self.summary.kills += outcome.kills;
        self.summary.lost += difference.lost;
        self.summary.duplicated += difference.duplicated;
        self.summary.derived_mismatch += difference.derived;
        if let Some(how) = &outcome.digest {
            eprintln!("  the index digest is not the clean run's: {how}");
            self.summary.digest_mismatch += 1;
        }
        for (point, died) in &outcome.points {
            let (armed, deaths) = self.deaths.entry(point).or_default();
            *armed += 1;
            *deaths += u64::from(*died);
        }
    }

    fn print(&self, time: Duration) {
        eprintln!("{:22} {:>5} {:>5}", "fail point", "armed", "died");
        for point in fail::POINTS {
            let (armed, died) = self.deaths.get(point).copied().unwrap_or_default();
            eprintln!("{point:22} {armed:5} {died:5}");
        }
        if !self.broken.is_empty() {
            eprintln!("not ended: seeds {:?}", self.broken);
        }
        let each = time.as_secs_f64() / self.summary.seeds.max(1) as f64;
        eprintln!("{:.0} s in all, {each:.1} s a seed", time.as_secs_f64());
    }
}
