//! `faults`: breaks things on purpose and counts what is lost.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use hypernode_faults::ingest::{self, Keep, Summary};
use hypernode_faults::net::{self, NetOptions};
use hypernode_faults::scenarios;
use hypernode_faults::store::Store;
use hypernode_warehouse::fail;

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
    /// Keep chains, data directories and logs of the seeds here.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
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
    let store = Store::open().await?;
    let mut summary = Summary::default();
    let mut broken = Vec::new();
    let mut deaths: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    let keep = Keep(args.keep);
    for seed in args.from_seed..args.from_seed.saturating_add(args.seeds) {
        summary.seeds += 1;
        match ingest::seed(&store, seed, &keep).await {
            Ok(outcome) => {
                let difference = &outcome.difference;
                eprintln!(
                    "seed {seed}: slots {} to {}, {} rows, {} kills, {:.1} s",
                    outcome.slots.0,
                    outcome.slots.1,
                    difference.rows,
                    outcome.kills,
                    outcome.time.as_secs_f64()
                );
                for line in &difference.lines {
                    eprintln!("  {line}");
                }
                summary.kills += outcome.kills;
                summary.lost += difference.lost;
                summary.duplicated += difference.duplicated;
                summary.derived_mismatch += difference.derived;
                if let Some(how) = &outcome.digest {
                    eprintln!("  the index digest is not the clean run's: {how}");
                    summary.digest_mismatch += 1;
                }
                for (point, died) in &outcome.points {
                    let (armed, deaths) = deaths.entry(point).or_default();
                    *armed += 1;
                    *deaths += u64::from(*died);
                }
            }
            Err(error) => {
                eprintln!("seed {seed}: {error:#}");
                broken.push(seed);
            }
        }
    }
    store.close().await;
    eprintln!("{:22} {:>5} {:>5}", "fail point", "armed", "died");
    for point in fail::POINTS {
        let (armed, died) = deaths.get(point).copied().unwrap_or_default();
        eprintln!("{point:22} {armed:5} {died:5}");
    }
    if !broken.is_empty() {
        eprintln!("not ended: seeds {broken:?}");
    }
    say(&serde_json::to_string(&summary)?);
    Ok(broken.is_empty() && summary.is_good())
}
