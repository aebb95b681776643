//! `hypernode up`: every role in one process; `hypernode indexer`: the live indexer alone; `hypernode dispatch`: the dispatcher and
//! the API beside an indexer elsewhere.

use std::net::{IpAddr, SocketAddr};

use hypernode_decoder::Keep;
use tokio::net::TcpListener;

use super::localnet::{self, NETWORK};
use crate::cli;
use crate::config::{self, Settings};
use crate::datadir::{Binding, DataDir};
use crate::deployed;
use crate::exit::{Failure, Outcome};
use crate::idls::Sources;
use crate::indexing::Reload;
use crate::instance::{Feed, Instance};
use crate::network::{self, Remote};
use crate::programs::{Ids, Rules, base58};
use crate::rpc::Rpc;
use crate::store::Store;

/// Which roles this process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Roles {
    All,
    Indexer,
    Dispatch,
}

pub(crate) async fn run(args: &cli::Up, roles: Roles) -> Outcome {
    let settings = config::load(&args.common_with_flags())?;
    for notice in &settings.notices {
        tracing::warn!("{notice}");
    }
    let remote = match roles {
        Roles::Dispatch => Some(network::named(&settings, Vec::new()).await?),
        _ => network::remote(&settings).await?,
    };
    check_roles(&settings, remote.as_ref(), roles, args.fresh)?;
    let data = DataDir::open(&settings.path("data.dir").unwrap_or_default())?;
    match &remote {
        Some(remote) => {
            data.expect(&Binding::new(&remote.name, &remote.genesis))?;
        }
        // Whose directory it is must be known before a simulated chain writes to it.
        None => data.expect_network(NETWORK)?,
    }
    if args.fresh {
        data.clear()?;
    }
    let ids = if remote.is_some() {
        Ids::Declared
    } else {
        Ids::Localnet
    };
    let rules = Rules::new(&settings, ids, Keep::Matching)?;
    let (reload, decoder) = Reload::new(Sources::new(&settings, data.path()), rules)?;
    // Ports before work: a taken one is told at once.
    let listeners = if roles != Roles::Indexer {
        listen(&settings).await?
    } else {
        Vec::new()
    };
    // Bound only when nothing is left that another setting would mend.
    let feed = match remote {
        Some(remote) => {
            data.bind(&Binding::new(&remote.name, &remote.genesis))?;
            Feed::Real(remote)
        }
        None => Feed::Simulated(localnet::start(&settings, &data, args.fresh).await?),
    };
    if let Feed::Simulated(network) = &feed {
        data.bind(&Binding::new(NETWORK, base58(&network.genesis_hash())))?;
    }
    let rpc = match &feed {
        Feed::Simulated(network) => Some(network.rpc_url()),
        Feed::Real(_) => settings.get("rpc.url").map(str::to_owned),
    };
    let rpc = rpc.and_then(|url| Rpc::new(&url).ok());
    let (reload, decoder) = reload.look_up(rpc.as_ref(), data.path(), decoder).await?;
    if let (Feed::Real(remote), true) = (&feed, roles != Roles::Dispatch) {
        let (genesis, programs) = (remote.genesis.clone(), deployed::programs(&decoder.blocks));
        // An endpoint that takes its time holds nothing up.
        tokio::spawn(async move { deployed::warn(rpc, &genesis, programs).await });
    }
    let store = Store::open(&settings, data.path()).await?;
    let instance = Instance {
        settings: &settings,
        data: &data,
        store: &store,
        feed: &feed,
        indexes: roles != Roles::Dispatch,
    };
    let outcome = instance.run(decoder, reload, listeners).await;
    store.close().await;
    if let Feed::Simulated(network) = feed {
        network.shutdown().await;
    }
    outcome
}

/// Refuses combinations that would show a simulation as truth, or write where nothing asked for it.
fn check_roles(settings: &Settings, remote: Option<&Remote>, roles: Roles, fresh: bool) -> Outcome {
    if roles == Roles::Indexer && remote.is_none() {
        return Err(Failure::start(
            "indexer",
            "--geyser URL is needed; `hypernode up` simulates a network",
        ));
    }
    if roles == Roles::Dispatch && settings.get("clickhouse.url").is_none() {
        let why = "is needed: the ClickHouse that `hypernode indexer` writes to; `hypernode up` runs all in one process";
        return Err(Failure::start("clickhouse.url", why));
    }
    if fresh && remote.is_some() {
        return Err(Failure::start(
            "--fresh",
            "starts another simulated chain and does not go with --geyser",
        ));
    }
    if fresh && settings.get("clickhouse.url").is_some() {
        let why = "cannot empty the server of clickhouse.url; drop its database, then start without --fresh";
        return Err(Failure::start("--fresh", why));
    }
    let bind: IpAddr = bind_address(settings)?;
    if remote.is_none() && !bind.is_loopback() {
        let why = format!(
            "{bind} is not a loopback address, and a simulated network never leaves this machine"
        );
        return Err(Failure::start("api.bind", why));
    }
    if settings.parsed("api.open_dev") && !bind.is_loopback() {
        let why = format!(
            "lets anybody change anything, and {bind} is not a loopback address: leave it out, or bind to 127.0.0.1"
        );
        return Err(Failure::start("--open-dev", why));
    }
    Ok(())
}

fn bind_address(settings: &Settings) -> Outcome<IpAddr> {
    let text = settings.get("api.bind").unwrap_or_default();
    text.parse()
        .map_err(|_| Failure::start("api.bind", format!("{text:?} is not an IP address")))
}

/// Binds the API's ports; one that is taken is an error that names its key.
async fn listen(settings: &Settings) -> Outcome<Vec<TcpListener>> {
    let ip = bind_address(settings)?;
    let mut listeners = Vec::new();
    for key in ["api.port", "api.second_port"] {
        let address = SocketAddr::new(ip, settings.parsed(key));
        let listener = TcpListener::bind(address).await.map_err(|error| {
            Failure::start(
                format!("{key} = {}", address.port()),
                format!("{error}; choose another with --set {key}=PORT (0 = any free one)"),
            )
        })?;
        listeners.push(listener);
    }
    Ok(listeners)
}
