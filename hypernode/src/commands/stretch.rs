//! What `verify` and `repair` share: stored slots, another source of them, and the decoder that made their rows.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use hypernode_decoder::Keep;
use hypernode_indexer::pipeline::MOST_SLOTS;
use hypernode_indexer::recording::Format;
use hypernode_indexer::rpc::Pool;
use hypernode_indexer::verify::Source;
use hypernode_localnet::{Localnet, Options};

use super::localnet::NETWORK;
use crate::cli::Stretch;
use crate::config::{self, Settings};
use crate::datadir::{Binding, DataDir, RECORDING};
use crate::exit::{Failure, OrCannotStart as _, Outcome};
use crate::idls::{self, Sources};
use crate::network;
use crate::programs::{Decoders, Ids, Rules};
use crate::running::Running;

/// The command's words, understood.
pub(crate) struct Asked {
    pub(crate) settings: Settings,
    pub(crate) dir: PathBuf,
    pub(crate) source: Source,
    /// The network that the directory holds, if it is known.
    pub(crate) binding: Option<Binding>,
    /// The directory's simulated chain, standing still, where no instance serves it.
    localnet: Option<Localnet>,
}

impl Asked {
    pub(crate) async fn new(args: &Stretch) -> Outcome<Self> {
        let settings = config::load(&args.common_with_flags())?;
        if args.from > args.to {
            let why = format!("{} lies beyond --to {}", args.from, args.to);
            return Err(Failure::start("--from", why));
        }
        if args.to - args.from >= MOST_SLOTS {
            let why = format!(
                "{} is {MOST_SLOTS} slots or more after --from; ask for fewer at a time",
                args.to
            );
            return Err(Failure::start("--to", why));
        }
        let dir = settings.path("data.dir").unwrap_or_default();
        let running = Running::find(&dir);
        let binding = DataDir::binding_of(&dir)?;
        let simulated = binding
            .as_ref()
            .is_some_and(|binding| binding.network == NETWORK);
        let elsewhere = args.against.is_some() || settings.get("rpc.url").is_some();
        let localnet = if simulated && running.is_none() && !elsewhere {
            Some(at_rest(&dir).await?)
        } else {
            None
        };
        let own = match &localnet {
            Some(network) => Some(network.rpc_url()),
            None => running.and_then(|running| running.endpoints.rpc),
        };
        if args.against.is_none()
            && let (Some(binding), Some(url)) = (&binding, settings.get("rpc.url"))
        {
            same_network(binding, url).await?;
        }
        let source = source(args, &settings, own)?;
        Ok(Self {
            settings,
            dir,
            source,
            binding,
            localnet,
        })
    }

    /// Stops what was started for the command.
    pub(crate) async fn close(self) {
        if let Some(network) = self.localnet {
            network.shutdown().await;
        }
    }

    /// The decoders of the directory's programs, with the ids that its network gives them.
    pub(crate) fn decoders(&self, args: &Stretch, keep: Keep) -> Outcome<Decoders> {
        let simulated = self
            .binding
            .as_ref()
            .is_some_and(|binding| binding.network == NETWORK);
        let ids = if simulated {
            Ids::Localnet
        } else {
            Ids::Declared
        };
        let sources = match &args.idl {
            Some(folder) => Sources::only(folder, &self.settings),
            None => Sources::new(&self.settings, &self.dir),
        };
        let versions = sources.load().map_err(|refusals| {
            Failure::CannotStart(format!("IDL {}", idls::check::text(&refusals)))
        })?;
        let mut rules = Rules::new(&self.settings, ids, keep)?;
        rules.flags(&args.program, &versions)?;
        let (_, decoders) = rules.all(versions).map_err(Failure::CannotStart)?;
        Ok(decoders)
    }
}

/// Refuses an endpoint that says it serves another network than the directory holds.
async fn same_network(binding: &Binding, url: &str) -> Outcome {
    if binding.network == RECORDING {
        return Ok(());
    }
    match network::genesis_of(url).await {
        Ok(genesis) if genesis != binding.genesis => Err(Failure::start(
            "--rpc",
            format!(
                "serves another network (genesis hash {genesis}) than the data directory holds (\"{}\", genesis hash {})",
                binding.network, binding.genesis
            ),
        )),
        Ok(_) => Ok(()),
        Err(_) => {
            tracing::warn!("--rpc: which network it serves could not be asked (getGenesisHash)");
            Ok(())
        }
    }
}

/// The simulated chain of a directory that nobody uses, on ports of its own, without any further slot.
async fn at_rest(dir: &Path) -> Outcome<Localnet> {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let options = Options {
        geyser: any,
        rpc: any,
        last_slot: Some(0),
        ..Options::new(dir.to_owned())
    };
    Localnet::start(options).await.or_cannot_start("localnet")
}

/// `own`: the RPC endpoint of the directory's own network.
fn source(args: &Stretch, settings: &Settings, own: Option<String>) -> Outcome<Source> {
    if let Some(path) = &args.against {
        if !path.is_file() {
            let why = format!("{} is not a file", path.display());
            return Err(Failure::start("--against", why));
        }
        let format: Format = args
            .format
            .parse()
            .map_err(|why: String| Failure::start("--format", why))?;
        return Ok(Source::Recording {
            path: path.canonicalize().or_cannot_start("--against")?,
            format,
            slot: args.slot,
        });
    }
    let options =
        network::rpc_pool(settings, None).or_else(|| network::rpc_pool(settings, Some(own?)));
    let Some(options) = options else {
        let why =
            "there is none to take blocks from: give --against RECORDING, or --rpc URL (rpc.url)";
        return Err(Failure::start("source", why));
    };
    Ok(Source::Rpc(Pool::new(&options).or_cannot_start("--rpc")?))
}
