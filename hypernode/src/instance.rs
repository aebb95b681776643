//! A running instance: indexer and API over one store, until a signal or a failure.

use std::sync::Arc;
use std::time::Duration;

use hypernode_analytics::reputation::FeeAccounts;
use hypernode_api::{ApiState, IndexedProgram, NetworkInfo, Posting, ProgramIds};
use hypernode_decoder::{Decoder, IdlSet};
use hypernode_indexer::WalOptions;
use hypernode_indexer::geyser::GeyserOptions;
use hypernode_indexer::pipeline::StatusHandle;
use hypernode_localnet::Localnet;
use hypernode_warehouse::{Client, meta};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::access;
use crate::commands::localnet::NETWORK;
use crate::config::Settings;
use crate::datadir::DataDir;
use crate::dispatching::{self, Dispatching};
use crate::exit::{Failure, OrCannotStart as _, Outcome};
use crate::indexing::{Indexing, Kept, Reload};
use crate::network::{self, Remote};
use crate::programs::{Decoders, base58};
use crate::running::{Endpoints, Running};
use crate::signals;
use crate::store::{self, Store};
use crate::view::{DispatchReport, InstanceReport};

/// How long the roles may take to stop, a ClickHouse that takes its time with the last batch included.
const LAST_ROLES: Duration = Duration::from_secs(120);

/// Where blocks come from.
#[derive(Debug)]
pub(crate) enum Feed {
    Simulated(Localnet),
    Real(Remote),
}

/// What a running instance stands on.
#[derive(Debug)]
pub(crate) struct Instance<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) data: &'a DataDir,
    pub(crate) store: &'a Store,
    pub(crate) feed: &'a Feed,
    /// Whether the chain is indexed here.
    pub(crate) indexes: bool,
}

impl Instance<'_> {
    /// Runs until a signal (then stops in order) or until a role fails.
    pub(crate) async fn run(
        &self,
        mut decoders: Decoders,
        reload: Reload,
        listeners: Vec<TcpListener>,
    ) -> Outcome {
        let stop = CancellationToken::new();
        let mut roles: JoinSet<Outcome> = JoinSet::new();
        let status = StatusHandle::new();
        let kept = Kept::default();
        let endpoints = self.endpoints(&listeners)?;
        let info = self.network_info(&decoders.blocks, &endpoints);
        let tls = access::tls(self.settings)?;
        let opened = self.open_access(&listeners).await?;
        let dispatching = self.open_dispatch(opened.as_ref(), &info).await?;
        let report = InstanceReport {
            status: status.clone(),
            kept: kept.clone(),
            idls: reload.told(),
            network: info.name.clone(),
            endpoints: endpoints.clone(),
            serves_api: !listeners.is_empty(),
            indexes: self.indexes,
            dispatch: dispatching.as_ref().map(DispatchReport::new),
            open_dev: self.settings.parsed("api.open_dev"),
        };
        // Whatever a request could do to a query, this client can only read.
        let reader = Client::new(&self.store.reader).or_cannot_start("API")?;
        let state = ApiState::new(reader, info, Arc::new(report));
        let state = match &opened {
            Some(opened) => state.with_access(Arc::clone(&opened.access)),
            None => state,
        };
        let state = match &dispatching {
            Some(dispatching) => state
                .with_paper(dispatching.paper.clone())
                .with_inbox(dispatching.inbox())
                .with_hub(dispatching.hub.clone())
                .with_desk(Arc::clone(&dispatching.desk)),
            None => state,
        };
        let secret = self.settings.secret("api.metrics_secret");
        let secret = secret.map_err(|problem| Failure::CannotStart(problem.to_string()))?;
        let secret = secret.filter(|secret| !secret.is_empty());
        access::check_secret("api.metrics_secret", secret.as_deref())?;
        let state = state.posting(Posting::new(self.store.client.clone(), secret.as_deref()));
        if self.store.is_embedded() {
            // The first request finds tables; an absent server is waited for in the indexer's role.
            let ready = store::prepare(&self.store.client, &mut decoders, &self.genesis()).await;
            reload.told().placed(&ready.or_cannot_start("tables")?);
        }
        for listener in listeners {
            let (tls, state, stop) = (tls.clone(), state.clone(), stop.clone());
            roles.spawn(async move {
                hypernode_api::serve(listener, tls, state, stop)
                    .await
                    .map_err(|error| Failure::Broke(error.into()))
            });
        }
        if let Some(tls) = tls {
            let stop = stop.clone();
            roles.spawn(async move {
                tls.follow(stop).await;
                Ok(())
            });
        }
        if let Some(opened) = &opened {
            let (access, stop) = (Arc::clone(&opened.access), stop.clone());
            roles.spawn(async move {
                access::keep(&access, stop).await;
                Ok(())
            });
        }
        if let Some(dispatching) = dispatching {
            dispatching.start(&mut roles, &stop);
        }
        if self.indexes {
            let indexing = self.indexing(&status, kept, state);
            roles.spawn(indexing.run(decoders, reload, stop.clone()));
        } else {
            // Of another network nothing may be read.
            let bound = meta::bind(&self.store.client, "genesis", &self.genesis()).await;
            bound.or_cannot_start("clickhouse.url")?;
        }
        self.watch_chain(&stop, &mut roles);
        let published = self.announce(&endpoints)?;
        if let Some(code) = opened.as_ref().and_then(|opened| opened.code.as_ref()) {
            eprintln!(
                "  {:13} {} (nobody is operator yet)",
                "operator code",
                code.display()
            );
        }
        let first = tokio::select! {
            signal = signals::wait() => signal,
            Some(ended) = roles.join_next() => ended.unwrap_or_else(|error| Err(Failure::Broke(error.into()))),
        };
        // Whatever ended it, every role gets to close what it has open.
        stop.cancel();
        let mut outcome = first;
        let rest = async {
            while let Some(ended) = roles.join_next().await {
                let ended = ended.unwrap_or_else(|error| Err(Failure::Broke(error.into())));
                let so_far = std::mem::replace(&mut outcome, Ok(()));
                outcome = so_far.and(ended);
            }
        };
        if tokio::time::timeout(LAST_ROLES, rest).await.is_err() {
            let limit = LAST_ROLES.as_secs();
            tracing::error!(
                "a role did not stop within {limit} s and is given up; the next start mends what it left"
            );
            outcome = outcome.and(Err(Failure::No("a role did not stop".to_owned())));
        }
        drop(published);
        outcome
    }

    /// Accounts, where there is a server that needs them.
    async fn open_access(&self, listeners: &[TcpListener]) -> Outcome<Option<access::Opened>> {
        if listeners.is_empty() {
            return Ok(None);
        }
        let addresses: Result<Vec<_>, _> = listeners.iter().map(TcpListener::local_addr).collect();
        let addresses = addresses.or_cannot_start("api.port")?;
        let opened =
            access::open(self.settings, self.data.path(), &self.genesis(), &addresses).await?;
        Ok(Some(opened))
    }

    /// The dispatcher, where there is a store for it.
    async fn open_dispatch(
        &self,
        opened: Option<&access::Opened>,
        info: &NetworkInfo,
    ) -> Outcome<Option<Dispatching>> {
        let Some(opened) = opened.filter(|_| self.settings.parsed("dispatch.enabled")) else {
            return Ok(None);
        };
        let store = &opened.access.store;
        let warehouse = &self.store.client;
        let data = self.data.path();
        let (limiter, name) = (&opened.access.limiter, &opened.hub);
        let opened = Dispatching::open(self.settings, data, store, limiter, warehouse, name);
        // What is opened is much: it waits on the heap.
        let opened = Box::pin(opened).await?;
        let network = self.written_to(info);
        let written = opened.write_to(&network, self.settings, data);
        Ok(Some(Box::pin(written).await?))
    }

    /// The network as far as the dispatcher writes to it.
    fn written_to(&self, info: &NetworkInfo) -> dispatching::Network {
        let more = self.settings.get("rpc.fallback_urls").unwrap_or_default();
        let more = more.split([',', ' ']).filter(|url| !url.is_empty());
        dispatching::Network {
            rpc: self
                .rpc_url()
                .into_iter()
                .chain(more.map(str::to_owned))
                .collect(),
            job_receipt: info.programs.job_receipt.clone(),
            mint: info.mint.clone(),
            fee_accounts: self.fee_accounts(),
            simulated: info.simulated,
        }
    }

    /// What settlements must pay to count for reputation.
    fn fee_accounts(&self) -> Vec<FeeAccounts> {
        match self.feed {
            Feed::Simulated(_) => network::localnet_fee_accounts(),
            Feed::Real(_) => network::fee_accounts(self.settings),
        }
    }

    fn indexing(&self, status: &StatusHandle, kept: Kept, api: ApiState) -> Indexing {
        let servers = match self.feed {
            Feed::Real(remote) => remote.geyser.clone(),
            Feed::Simulated(_) => Vec::new(),
        };
        let own = || GeyserOptions::new(self.geyser_url(), Vec::new());
        let mut geyser = network::geyser_options(servers).unwrap_or_else(own);
        geyser.from_slot = match self.feed {
            Feed::Real(_) => {
                let from = self.settings.get("geyser.from_slot");
                from.and_then(|slot| slot.parse().ok())
            }
            // A simulated chain is indexed from its beginning.
            Feed::Simulated(_) => Some(1),
        };
        Indexing {
            geyser,
            client: self.store.client.clone(),
            status: status.clone(),
            kept,
            api,
            rpc: self.rpc_url(),
            blocks: match self.feed {
                Feed::Simulated(network) => {
                    network::rpc_pool(self.settings, Some(network.rpc_url()))
                }
                Feed::Real(_) => network::rpc_pool(self.settings, None),
            },
            wal: WalOptions {
                messages: self.settings.parsed("indexer.queue_messages"),
                ..WalOptions::new(
                    self.data.path().join("wal"),
                    self.settings.parsed("indexer.wal_bytes"),
                )
            },
            snapshot_every: Duration::from_secs(self.settings.parsed("accounts.snapshot_every")),
            genesis: self.genesis(),
            fee_accounts: self.fee_accounts(),
            prepared: self.store.is_embedded(),
        }
    }

    /// A simulated chain that cannot go on (a full disk) ends the instance: its slots would just stand still.
    fn watch_chain(&self, stop: &CancellationToken, roles: &mut JoinSet<Outcome>) {
        let Feed::Simulated(network) = self.feed else {
            return;
        };
        let (chain, stop) = (network.chain().clone(), stop.clone());
        roles.spawn(async move {
            let mut every = tokio::time::interval(Duration::from_secs(1));
            loop {
                tokio::select! {
                    _ = every.tick() => {}
                    () = stop.cancelled() => return Ok(()),
                }
                if let Some(why) = chain.failure() {
                    return Err(Failure::Broke(anyhow::anyhow!("localnet stopped: {why}")));
                }
            }
        });
    }

    /// Genesis hash of the feed's network, base58.
    fn genesis(&self) -> String {
        match self.feed {
            Feed::Simulated(network) => base58(&network.genesis_hash()),
            Feed::Real(remote) => remote.genesis.clone(),
        }
    }

    fn geyser_url(&self) -> String {
        match self.feed {
            Feed::Simulated(network) => network.geyser_url(),
            Feed::Real(remote) => remote
                .geyser
                .first()
                .map_or_else(String::new, |server| server.url.clone()),
        }
    }

    fn rpc_url(&self) -> Option<String> {
        match self.feed {
            Feed::Simulated(network) => Some(network.rpc_url()),
            Feed::Real(_) => self.settings.get("rpc.url").map(str::to_owned),
        }
    }

    fn endpoints(&self, listeners: &[TcpListener]) -> Outcome<Endpoints> {
        let dispatches: bool = self.settings.parsed("dispatch.enabled");
        let url = |listener: &TcpListener, scheme: &str| -> Outcome<String> {
            let mut address = listener.local_addr().or_cannot_start("api.port")?;
            if address.ip().is_unspecified() {
                address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
            }
            Ok(format!("{scheme}://{address}"))
        };
        let scheme = match self.settings.get("api.tls_certificate") {
            Some(_) => "https",
            None => "http",
        };
        let api = listeners
            .first()
            .map(|listener| url(listener, scheme))
            .transpose()?;
        let ws = match (listeners.first(), scheme) {
            (Some(listener), "https") if dispatches => Some(url(listener, "wss")? + "/ws"),
            (Some(listener), _) if dispatches => Some(url(listener, "ws")? + "/ws"),
            _ => None,
        };
        let rpc = match self.feed {
            Feed::Simulated(network) => Some(network.rpc_url()),
            // An RPC address may carry a key: it is not shown.
            Feed::Real(_) => None,
        };
        Ok(Endpoints {
            api,
            ws,
            clickhouse: Some(self.store.endpoint.url.clone()),
            geyser: Some(self.geyser_url()).filter(|url| !url.is_empty()),
            rpc,
        })
    }

    fn network_info(&self, decoder: &Decoder, endpoints: &Endpoints) -> NetworkInfo {
        let programs = program_ids(decoder);
        let configured_mint = self.settings.get("network.hyper_mint").map(str::to_owned);
        let decimals = self.settings.parsed("network.hyper_decimals");
        let open_dev = self.settings.parsed("api.open_dev");
        match self.feed {
            Feed::Simulated(_) => NetworkInfo {
                name: NETWORK.to_owned(),
                simulated: true,
                open_dev,
                genesis: self.genesis(),
                explorer: endpoints.api.clone().unwrap_or_default(),
                programs,
                mint: Some(base58(&hypernode_schemas::localnet::mint())),
                decimals,
            },
            Feed::Real(remote) => NetworkInfo {
                name: remote.name.clone(),
                simulated: false,
                open_dev,
                genesis: remote.genesis.clone(),
                explorer: self
                    .settings
                    .get("network.explorer")
                    .unwrap_or_default()
                    .trim_end_matches('/')
                    .to_owned(),
                programs,
                mint: configured_mint,
                decimals,
            },
        }
    }

    /// Writes `run.json` and tells where everything is.
    fn announce(&self, endpoints: &Endpoints) -> Outcome<crate::running::Published> {
        let network = match self.feed {
            Feed::Simulated(_) => NETWORK.to_owned(),
            Feed::Real(remote) => remote.name.clone(),
        };
        let running = Running {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            network,
            genesis: self.genesis(),
            endpoints: endpoints.clone(),
            certificate: self
                .settings
                .path("api.tls_certificate")
                .map(|file| file.canonicalize().unwrap_or(file)),
        };
        let published = running
            .publish(self.data.path())
            .or_cannot_start("run.json")?;
        eprintln!("hypernode {} on {}", running.version, running.network);
        let rows = [
            ("page and API", &endpoints.api),
            ("hosts", &endpoints.ws),
            ("ClickHouse", &endpoints.clickhouse),
            ("Geyser", &endpoints.geyser),
            ("RPC", &endpoints.rpc),
        ];
        for (name, url) in rows {
            if let Some(url) = url {
                eprintln!("  {name:13} {url}");
            }
        }
        eprintln!("  {:13} {}", "data", self.data.path().display());
        Ok(published)
    }
}

/// Every program with the hashes of the IDLs that it is decoded with.
fn indexed(decoder: &Decoder) -> Vec<IndexedProgram> {
    let configs = IdlSet::read(decoder.idls().text()).unwrap_or_default();
    let programs = configs.iter().map(|config| IndexedProgram {
        label: config.label.clone(),
        id: base58(&config.program_id),
        idls: config
            .versions
            .iter()
            .map(|version| (version.from_slot, hex::encode(version.idl.hash())))
            .collect(),
    });
    programs.collect()
}

/// The programs that the API's answers name.
pub(crate) fn program_ids(decoder: &Decoder) -> ProgramIds {
    let id_of = |wanted: &str| {
        decoder
            .programs()
            .find(|(label, _)| *label == wanted)
            .map(|(_, id)| base58(id))
    };
    ProgramIds {
        node_registry: id_of("node_registry"),
        job_receipt: id_of("job_receipt"),
        payment_splitter: id_of("payment_splitter"),
        indexed: indexed(decoder),
    }
}
