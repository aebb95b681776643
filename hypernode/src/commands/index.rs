//! `hypernode index`: one recording into the tables, then exit.

use std::path::Path;
use std::sync::Arc;

use hypernode_decoder::{Decoder, Keep};
use hypernode_indexer::pipeline::{self, RecordingOptions, RecordingOutcome, StatusHandle};
use hypernode_indexer::recording::Format;
use tokio_util::sync::CancellationToken;

use crate::cli::Index;
use crate::config::{self, check};
use crate::datadir::{Binding, DataDir, RECORDING};
use crate::exit::{Failure, OrCannotStart as _, Outcome};
use crate::idls::{self, Sources};
use crate::indexing::{digest, keepers};
use crate::network;
use crate::out;
use crate::programs::{Ids, Rules};
use crate::signals;
use crate::store::{self, Store};

pub(crate) async fn run(args: &Index) -> Outcome {
    let settings = config::load(&args.common)?;
    let format: Format = args
        .format
        .parse()
        .map_err(|why: String| Failure::start("--format", why))?;
    if !args.recording.is_file() {
        return Err(Failure::start(
            "--recording",
            format!("{} is not a file", args.recording.display()),
        ));
    }
    let dir = settings.path("data.dir").unwrap_or_default();
    let sources = match &args.idl {
        Some(folder) => Sources::only(folder, &settings),
        None => Sources::new(&settings, &dir),
    };
    let versions = sources.load().map_err(|refusals| {
        Failure::CannotStart(format!("IDL {}", idls::check::text(&refusals)))
    })?;
    let mut rules = Rules::new(&settings, Ids::Declared, Keep::All)?;
    rules.flags(&args.program, &versions)?;
    let (programs, mut decoders) = rules.all(versions).map_err(Failure::CannotStart)?;
    for notice in settings.notices.iter().chain(&programs.notices) {
        tracing::warn!("{notice}");
    }

    let data = DataDir::open(&dir)?;
    let binding = binding(args)?;
    data.bind(&binding)?;
    // Any free port: a recording can be indexed beside a running instance.
    let store = if settings.get("clickhouse.url").is_some() {
        Store::open(&settings, data.path()).await?
    } else {
        Store::embedded(&settings, data.path(), 0).await?
    };
    store::prepare(&store.client, &mut decoders, &binding.genesis)
        .await
        .or_cannot_start("tables")?;
    let options = RecordingOptions {
        format,
        slot: args.slot,
        progress: true,
        accounts: decoders.accounts.map(Arc::new),
        ..RecordingOptions::new(&args.recording)
    };
    let outcome = work(&store, options, decoders.blocks).await;
    let header = digest::header(&binding.genesis, &programs.configs);
    let kept = async {
        digest::catch_up(&store.client, header).await?;
        let accounts = network::fee_accounts(&settings);
        keepers::scores_to_the_end(&store.client, accounts).await?;
        keepers::metrics_to_the_end(&store.client).await
    }
    .await;
    store.close().await;
    kept.map_err(|error| Failure::Broke(error.into()))?;
    finish(args, &outcome?)
}

/// Indexes until the end or a signal; a signal closes what is open and leaves the rest for a next run.
async fn work(
    store: &Store,
    options: RecordingOptions,
    decoder: Decoder,
) -> Outcome<RecordingOutcome> {
    let stop = CancellationToken::new();
    let run = pipeline::run_recording(
        options,
        decoder.into(),
        store.client.clone(),
        StatusHandle::new(),
        stop.clone(),
    );
    tokio::pin!(run);
    let mut interrupted = false;
    let outcome = loop {
        tokio::select! {
            outcome = &mut run => break outcome,
            signal = signals::wait(), if !interrupted => {
                signal?;
                interrupted = true;
                stop.cancel();
            }
        }
    };
    if interrupted {
        return Err(Failure::No("interrupted; what is stored is complete up to its last ledger row, and the same command goes on from there".into()));
    }
    outcome.map_err(|error| Failure::Broke(error.into()))
}

/// The network that the recording belongs to.
fn binding(args: &Index) -> Outcome<Binding> {
    match &args.genesis {
        None => Ok(Binding::new(RECORDING, "11111111111111111111111111111111")),
        Some(text) => {
            check::pubkey(text)
                .map_err(|why| Failure::start("--genesis", format!("{text:?} {why}")))?;
            Ok(Binding::new("recorded network", text.clone()))
        }
    }
}

fn finish(args: &Index, outcome: &RecordingOutcome) -> Outcome {
    if let Some(target) = &args.report {
        write_report(target, &outcome.report)?;
    }
    eprintln!(
        "{} blocks and {} rows stored by this run",
        outcome.blocks, outcome.rows
    );
    if outcome.is_whole() {
        return Ok(());
    }
    let mut wrong: Vec<String> = outcome
        .gaps
        .iter()
        .map(|gap| {
            format!("a gap between slots {} and {} that no other source fills; what lies before it is stored", gap.after, gap.before)
        })
        .collect();
    wrong.extend(
        outcome
            .damage
            .iter()
            .map(|damage| format!("{damage}; what lies before is stored")),
    );
    if outcome.read.undecodable > 0 {
        wrong.push(format!(
            "{} messages could not be read",
            outcome.read.undecodable
        ));
    }
    Err(Failure::No(format!(
        "{}: {}",
        args.recording.display(),
        wrong.join("; ")
    )))
}

fn write_report(target: &str, report: &serde_json::Value) -> Outcome {
    let mut text = serde_json::to_string_pretty(report).or_cannot_start("--report")?;
    text.push('\n');
    if target == "-" {
        out::write(text.as_bytes());
        Ok(())
    } else {
        std::fs::write(Path::new(target), text).or_cannot_start(&format!("--report {target}"))
    }
}
