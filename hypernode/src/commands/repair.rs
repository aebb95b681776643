//! `hypernode repair`: stored slots written again from another source.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use hypernode_decoder::Keep;
use hypernode_indexer::pipeline::{self, RepairOptions};
use hypernode_indexer::verify::Source;
use hypernode_warehouse::Client;
use hypernode_warehouse::operator::{self, Kind};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::stretch::Asked;
use super::verify::Progress;
use crate::cli::Stretch;
use crate::datadir::DataDir;
use crate::exit::{Failure, OrCannotStart as _, Outcome};
use crate::out::say;
use crate::reach::Reached;
use crate::running::Running;
use crate::signals;
use crate::store::{self, Store};

/// How often the running instance's answer is looked for.
const LOOK: Duration = Duration::from_millis(300);
/// How often it is said that it is still waited for.
const SAY: Duration = Duration::from_secs(5);

pub(crate) async fn run(args: &Stretch) -> Outcome {
    let asked = Asked::new(args).await?;
    let done = if Running::find(&asked.dir).is_some() {
        by_instance(args, &asked).await
    } else {
        Box::pin(alone(args, &asked)).await
    };
    asked.close().await;
    let done = done?;
    if args.json {
        say!("{}", json!({"done": true, "answer": done}));
    } else {
        say!("{done}");
    }
    Ok(())
}

/// Asks the running instance: it alone may write.
async fn by_instance(args: &Stretch, asked: &Asked) -> Outcome<String> {
    if args.rpc.is_some() {
        let why = "an instance runs here and takes blocks from its own rpc.url; leave --rpc out, or stop it first";
        return Err(Failure::start("--rpc", why));
    }
    if args.idl.is_some() || !args.program.is_empty() {
        let why =
            "an instance runs here and decodes with its own IDLs; leave --idl and --program out";
        return Err(Failure::start("--idl", why));
    }
    let reached = Reached::open(&asked.settings, true).await?;
    let answer = ask(&reached.client, args, asked).await;
    reached.close().await;
    answer
}

async fn ask(client: &Client, args: &Stretch, asked: &Asked) -> Outcome<String> {
    let broke = |error: hypernode_warehouse::WarehouseError| Failure::Broke(error.into());
    let source = asked.source.request();
    let slots = (args.from, args.to);
    let id = operator::request(client, Kind::Repair, slots, "", &source)
        .await
        .map_err(broke)?;
    let mut said = Instant::now();
    loop {
        if let Some(answer) = operator::answered(client, id).await.map_err(broke)? {
            return if answer.done {
                Ok(answer.answer)
            } else {
                Err(Failure::No(answer.answer))
            };
        }
        if !is_alive(&asked.dir) {
            return Err(Failure::No(
                "the instance has stopped before it was done; it goes on when it is started again"
                    .into(),
            ));
        }
        if said.elapsed() >= SAY {
            said = Instant::now();
            eprintln!(
                "waiting for the running instance to write slots {} to {} again",
                args.from, args.to
            );
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn is_alive(dir: &Path) -> bool {
    Running::find(dir).is_some()
}

/// Does it itself, on a directory that nobody uses.
async fn alone(args: &Stretch, asked: &Asked) -> Outcome<String> {
    let Some(binding) = &asked.binding else {
        let what = format!("data directory {}", asked.dir.display());
        return Err(Failure::start(what, "holds nothing yet"));
    };
    let keep = match &asked.source {
        // As `index` keeps them.
        Source::Recording { .. } if args.idl.is_some() || binding.network == "recording" => {
            Keep::All
        }
        _ => Keep::Matching,
    };
    let mut decoders = asked.decoders(args, keep)?;
    let data = DataDir::open(&asked.dir)?;
    let store = match asked.settings.get("clickhouse.url") {
        Some(_) => Store::open(&asked.settings, data.path()).await?,
        None => Store::embedded(&asked.settings, data.path(), 0).await?,
    };
    let done = async {
        store::prepare(&store.client, &mut decoders, &binding.genesis)
            .await
            .or_cannot_start("tables")?;
        let options = RepairOptions {
            from: args.from,
            to: args.to,
            source: asked.source.clone(),
            chosen: args.chosen(),
        };
        let progress = Progress::start(args.from, args.to, "repairing");
        let at = progress.at.clone();
        let stop = CancellationToken::new();
        let run = pipeline::run_repair(
            options,
            Arc::new(decoders.blocks),
            store.client.clone(),
            stop.clone(),
            move |slot| at.store(slot, Ordering::Relaxed),
        );
        tokio::pin!(run);
        let mut interrupted = false;
        loop {
            tokio::select! {
                done = &mut run => break done.map_err(|error| Failure::Broke(error.into())),
                signal = signals::wait(), if !interrupted => {
                    signal?;
                    interrupted = true;
                    stop.cancel();
                }
            }
        }
    }
    .await;
    store.close().await;
    let done = done?;
    Ok(format!(
        "slots {} to {} were written again: {} blocks, {} rows",
        done.from, done.to, done.blocks, done.rows
    ))
}
