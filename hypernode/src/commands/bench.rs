//! `hypernode bench`: figures of this machine, each beside a floor measured in the same run.

use std::time::Duration;

use hypernode_indexer::bench::ingest::{self, IngestOptions};

use crate::cli::{Bench, BenchArgs};
use crate::config;
use crate::exit::{Failure, OrCannotStart as _, Outcome};
use crate::store::Store;

pub(crate) async fn run(command: &Bench) -> Outcome {
    match command {
        Bench::Ingest(args) => run_ingest(args).await,
    }
}

/// Runs over a scratch directory beside the data directory, which it leaves alone.
async fn run_ingest(args: &BenchArgs) -> Outcome {
    let settings = config::load(&args.common)?;
    let scratch = std::env::temp_dir().join(format!("hypernode-bench-{}", std::process::id()));
    std::fs::create_dir_all(&scratch).or_cannot_start("scratch folder")?;
    let outcome = async {
        let store = Store::embedded(&settings, &scratch, 0).await?;
        let mut options = IngestOptions::default();
        if args.long {
            options.time = Duration::from_secs(180);
        }
        let measured = ingest::ingest(&store.client, options).await;
        store.close().await;
        measured.map_err(|error| Failure::Broke(error.into()))
    }
    .await;
    let _ = std::fs::remove_dir_all(&scratch);
    let measured = outcome?;
    if args.json {
        println!(
            "{}",
            serde_json::to_string(&measured).or_cannot_start("bench")?
        );
    } else {
        let ratio = measured
            .ratio
            .map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"));
        let floor = measured
            .floor
            .map_or_else(|| "-".to_owned(), |floor| format!("{floor:.0}"));
        println!(
            "{}: {:.0} {}; floor {floor}; ratio {ratio}",
            measured.bench, measured.figure, measured.unit
        );
        println!("  {}\n  {}", measured.regime, measured.machine);
    }
    Ok(())
}
