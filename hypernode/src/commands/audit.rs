//! `hypernode audit`: a published score, recomputed from chain RPC alone.

use std::io::IsTerminal as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hypernode_audit::{Audit, Network, Progress};
use hypernode_decoder::idl::Idl;

use crate::cli::AuditArgs;
use crate::config::{self, Settings, check};
use crate::exit::{Failure, Outcome};
use crate::idls;
use crate::out::say;
use crate::pinned;
use crate::running::Running;

/// Largest description of a network.
const MAX_NETWORK: u64 = 16 << 20;

pub(crate) async fn run(args: &AuditArgs) -> Outcome {
    let settings = config::load(&args.common_with_flags())?;
    let ask = asked(args, &settings)?;
    let progress = Arc::new(Progress::default());
    let shown = tokio::spawn(show(Arc::clone(&progress)));
    // Whatever keeps it from an answer is exit 2: 1 says that the score is wrong.
    let report = hypernode_audit::audit(&ask, &progress).await;
    shown.abort();
    let report = report.map_err(|error| Failure::start("audit", error))?;
    if args.json {
        say!("{}", report.json());
    } else {
        say!("{}\n{}", report.text(), report.verdict());
    }
    match report.differences().len() {
        0 => Ok(()),
        1 => Err(Failure::No(
            "the published score is not the chain's: one thing differs".into(),
        )),
        many => Err(Failure::No(format!(
            "the published score is not the chain's: {many} things differ"
        ))),
    }
}

fn asked(args: &AuditArgs, settings: &Settings) -> Outcome<Audit> {
    let node = check::pubkey(&args.node)
        .map_err(|why| Failure::start("--node", format!("{:?} {why}", args.node)))?;
    let dir = settings.path("data.dir").unwrap_or_default();
    let (endpoints, certificate) = Running::find(&dir)
        .map(|running| (running.endpoints, running.certificate))
        .unwrap_or_default();
    // The instance here is known by its certificate's file; whoever is named by --api, as anybody is.
    let certificate = certificate.filter(|_| args.api.is_none());
    let api = args.api.clone().or(endpoints.api);
    let rpc = settings.get("rpc.url").map(str::to_owned).or(endpoints.rpc);
    let Some(rpc) = rpc else {
        let why = "there is none to ask: name the network's JSON-RPC endpoint";
        return Err(Failure::start("--rpc", why));
    };
    let api = api.unwrap_or_else(|| "http://127.0.0.1:3001".to_owned());
    check::value("--api", crate::config::keys::Kind::Url, &api)
        .map_err(|(why, fix)| Failure::start("--api", format!("{why}; {fix}")))?;
    Ok(Audit {
        node,
        slot: args.slot,
        rpc,
        api,
        api_tls: certificate.map(|file| pinned::to(&file)).transpose()?,
        network: args.network.as_deref().map(network).transpose()?,
        idls: args.idl.as_deref().map_or(Ok(Vec::new()), given)?,
        max_transactions: args.max_transactions,
    })
}

fn network(file: &Path) -> Outcome<(String, Network)> {
    let name = file.display().to_string();
    let fail = |why: String| Failure::start("--network", format!("{name}: {why}"));
    let about = std::fs::metadata(file).map_err(|error| fail(error.to_string()))?;
    if !about.is_file() || about.len() > MAX_NETWORK {
        return Err(fail("is no file of at most 16 MiB".to_owned()));
    }
    let text = std::fs::read(file).map_err(|error| fail(error.to_string()))?;
    let network =
        Network::read(&name, &text).map_err(|error| Failure::CannotStart(error.to_string()))?;
    Ok((name, network))
}

/// The IDLs of a folder.
fn given(folder: &Path) -> Outcome<Vec<Idl>> {
    let found = idls::folder(folder);
    let refusals: Vec<_> = found
        .iter()
        .filter_map(|one| one.as_ref().err().cloned())
        .collect();
    if !refusals.is_empty() {
        return Err(Failure::CannotStart(format!(
            "IDL {}",
            idls::check::text(&refusals)
        )));
    }
    Ok(found.into_iter().flatten().map(|found| found.idl).collect())
}

/// Says how far it is, if it takes longer than a moment.
async fn show(progress: Arc<Progress>) {
    let terminal = std::io::stderr().is_terminal();
    let mut pause = 2;
    loop {
        tokio::time::sleep(Duration::from_secs(pause)).await;
        pause = if terminal { 2 } else { 10 };
        eprintln!(
            "auditing: {} signatures listed, {} transactions decoded, {} jobs, {} requests",
            progress.signatures(),
            progress.transactions(),
            progress.jobs(),
            progress.requests()
        );
    }
}
