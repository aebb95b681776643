//! `hypernode repair`: stored slots written again from another source; `hypernode backfill`: those that are not stored.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use hypernode_decoder::{IdlSet, Keep};
use hypernode_indexer::pipeline::{self, RepairOptions};
use hypernode_indexer::verify::Source;
use hypernode_warehouse::Client;
use hypernode_warehouse::operator::{self, Kind};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::localnet::NETWORK;
use super::stretch::Asked;
use super::verify::Progress;
use crate::cli::Stretch;
use crate::datadir::{Binding, DataDir, RECORDING};
use crate::deployed;
use crate::exit::{Failure, OrCannotStart as _, Outcome};
use crate::indexing::digest;
use crate::network;
use crate::out::say;
use crate::reach::Reached;
use crate::rpc::Rpc;
use crate::running::Running;
use crate::signals;
use crate::store::{self, Store};

/// How often the running instance's answer is looked for.
const LOOK: Duration = Duration::from_millis(300);
/// How often it is said that it is still waited for.
const SAY: Duration = Duration::from_secs(5);

pub(crate) async fn run(args: &Stretch, kind: Kind) -> Outcome {
    let mut asked = Asked::new(args).await?;
    let done = if Running::find(&asked.dir).is_some() {
        by_instance(args, &asked, kind).await
    } else {
        Box::pin(alone(args, &mut asked, kind)).await
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
async fn by_instance(args: &Stretch, asked: &Asked, kind: Kind) -> Outcome<String> {
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
    let answer = ask(&reached.client, args, asked, kind).await;
    reached.close().await;
    answer
}

async fn ask(client: &Client, args: &Stretch, asked: &Asked, kind: Kind) -> Outcome<String> {
    let broke = |error: hypernode_warehouse::WarehouseError| Failure::Broke(error.into());
    let source = asked.source.request();
    let slots = (args.from, args.to);
    let id = operator::request(client, kind, slots, "", &source)
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
                "waiting for the running instance: {} of slots {} to {}",
                kind.name(),
                args.from,
                args.to
            );
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn is_alive(dir: &Path) -> bool {
    Running::find(dir).is_some()
}

/// Does it itself, on a directory that nobody uses.
async fn alone(args: &Stretch, asked: &mut Asked, kind: Kind) -> Outcome<String> {
    let missing = kind == Kind::Backfill;
    let binding = same_network(asked, missing).await?;
    let keep = match &asked.source {
        // As `index` keeps them.
        Source::Recording { .. } if args.idl.is_some() || binding.network == RECORDING => Keep::All,
        _ => Keep::Matching,
    };
    let mut decoders = asked.decoders(args, keep)?;
    if missing && binding.network != NETWORK && matches!(asked.source, Source::Rpc(_)) {
        let url = asked.settings.get("rpc.url");
        let rpc = url.and_then(|url| Rpc::new(url).ok());
        deployed::warn(rpc, &binding.genesis, deployed::programs(&decoders.blocks)).await;
    }
    let programs = IdlSet::read(decoders.blocks.idls().text());
    let programs = programs.ok().filter(|_| missing);
    let header = programs.map(|programs| digest::header(&binding.genesis, &programs));
    let data = DataDir::open(&asked.dir)?;
    data.bind(&binding)?;
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
            missing,
            chosen: args.chosen(),
        };
        let doing = if missing { "filling" } else { "repairing" };
        let progress = Progress::start(args.from, args.to, doing);
        let at = progress.at.clone();
        let stop = CancellationToken::new();
        let mut run = Box::pin(pipeline::run_repair(
            options,
            Arc::new(decoders.blocks),
            store.client.clone(),
            stop.clone(),
            move |slot| at.store(slot, Ordering::Relaxed),
        ));
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
    if let (Ok(_), Some(header)) = (&done, header) {
        // What came before the digest's start begins it anew; nobody else would until the next start.
        let digest = digest::catch_up(&store.client, header).await;
        digest.map_err(|error| Failure::Broke(error.into()))?;
    }
    store.close().await;
    Ok(done?.text(missing))
}

/// The network that the directory holds. One that holds nothing yet may be filled from an endpoint, and is then of its
/// network; an endpoint of another network is refused.
async fn same_network(asked: &mut Asked, missing: bool) -> Outcome<Binding> {
    let of_source = match &asked.source {
        Source::Rpc(rpc) => Some(rpc.genesis_hash().await.or_cannot_start("--rpc")?),
        Source::Recording { .. } => None,
    };
    match (&asked.binding, of_source) {
        (Some(binding), Some(genesis)) if binding.genesis != genesis => {
            let why = format!(
                "serves the network of genesis hash {genesis}, and {} holds {} ({})",
                asked.dir.display(),
                binding.network,
                binding.genesis
            );
            Err(Failure::start("--rpc", why))
        }
        (Some(binding), _) => Ok(binding.clone()),
        (None, Some(genesis)) if missing => {
            let binding = Binding::new(network::known_name(&genesis), genesis);
            asked.binding = Some(binding.clone());
            Ok(binding)
        }
        (None, _) => {
            let what = format!("data directory {}", asked.dir.display());
            Err(Failure::start(what, "holds nothing yet"))
        }
    }
}
