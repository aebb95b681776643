//! A running localnet: the chain, its actors and its two servers.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use hypernode_schemas::localnet;
use solana_sdk::pubkey::Pubkey;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    actors::{self, Actors},
    chain::{Chain, ChainOptions, Chaos, Production},
    error::{LocalnetError, Result},
    geyser::{self, GeyserOptions},
    rpc, svm,
};

/// How a localnet runs.
#[derive(Debug, Clone)]
pub struct Options {
    /// The instance's data directory; the chain lives in `localnet` below it.
    pub data_dir: PathBuf,
    /// Start another chain in place of the one there.
    pub fresh: bool,
    /// Address of the Geyser server; port 0 = any free one.
    pub geyser: SocketAddr,
    /// Address of the JSON-RPC server; port 0 = any free one.
    pub rpc: SocketAddr,
    /// Seed of a new chain's actors; an existing chain keeps its own.
    pub seed: u64,
    /// What the actors do, in actions per second; 0 = nothing.
    pub rate: f64,
    /// Milliseconds between slots.
    pub slot_ms: u64,
    /// Seconds of block time that pass in one; 1 = the machine's clock.
    pub clock: u32,
    /// The token that Geyser clients must send, if any.
    pub x_token: Option<String>,
    /// Slots that Geyser clients may replay; 0 = none.
    pub replay_slots: u64,
    /// Messages that may wait for one Geyser client before it is cut.
    pub queue_messages: usize,
    /// Whether the Geyser server takes filters of accounts; many hosted ones do not.
    pub accounts: bool,
    /// What goes wrong on the network; `None`: nothing.
    pub chaos: Option<Chaos>,
    /// The slot after which no more follow; the servers go on.
    pub last_slot: Option<u64>,
}

impl Options {
    /// The defaults for a data directory: loopback, ports 10000 and 8899, 400 ms slots.
    #[must_use]
    pub fn new(data_dir: PathBuf) -> Self {
        Self {
            data_dir,
            fresh: false,
            geyser: SocketAddr::from(([127, 0, 0, 1], 10_000)),
            rpc: SocketAddr::from(([127, 0, 0, 1], 8_899)),
            seed: 1,
            rate: 10.0,
            slot_ms: 400,
            clock: 1,
            x_token: None,
            replay_slots: 150,
            queue_messages: 10_000,
            accounts: true,
            chaos: None,
            last_slot: None,
        }
    }
}

/// A running localnet. Dropping it stops everything, [`Localnet::shutdown`] does so in order.
#[derive(Debug)]
pub struct Localnet {
    chain: Chain,
    production: Production,
    geyser: SocketAddr,
    rpc: SocketAddr,
    servers: Vec<JoinHandle<()>>,
    shutdown: CancellationToken,
}

impl Localnet {
    /// Opens or starts the chain and serves it.
    ///
    /// # Errors
    /// When a port is taken, or the chain cannot be opened.
    pub async fn start(options: Options) -> Result<Self> {
        // Ports first: a second instance fails here, before it touches the chain.
        let (geyser_listener, geyser) = bind("localnet.geyser_port", options.geyser).await?;
        let (rpc_listener, rpc) = bind("localnet.rpc_port", options.rpc).await?;
        let per_slot = options.rate * options.slot_ms as f64 / 1_000.0;
        let chain_options = ChainOptions {
            dir: options.data_dir.join("localnet"),
            fresh: options.fresh,
            slot_time: Duration::from_millis(options.slot_ms.max(1)),
            clock: options.clock,
            seed: options.seed,
            genesis_accounts: actors::genesis_accounts,
            driver: Box::new(move |seed, saved| Box::new(Actors::new(seed, saved, per_slot))),
            chaos: options.chaos.clone(),
            last_slot: options.last_slot,
        };
        let opened = tokio::task::spawn_blocking(move || Chain::open(chain_options)).await;
        let (chain, production) = opened.map_err(|e| LocalnetError::Thread(e.into()))??;
        let shutdown = CancellationToken::new();
        let geyser_options = GeyserOptions {
            x_token: options.x_token,
            replay_slots: options.replay_slots,
            queue_messages: options.queue_messages,
            accounts: options.accounts,
            chaos: options.chaos,
        };
        let servers = vec![
            tokio::spawn(geyser::serve(
                geyser_listener,
                chain.clone(),
                geyser_options,
                shutdown.clone(),
            )),
            tokio::spawn(rpc::serve(rpc_listener, chain.clone(), shutdown.clone())),
        ];
        Ok(Self {
            chain,
            production,
            geyser,
            rpc,
            servers,
            shutdown,
        })
    }

    /// Where Geyser clients connect.
    #[must_use]
    pub fn geyser_url(&self) -> String {
        format!("http://{}", self.geyser)
    }

    /// Where JSON-RPC clients connect.
    #[must_use]
    pub fn rpc_url(&self) -> String {
        format!("http://{}", self.rpc)
    }

    /// Identity of the network: a fresh chain is another network.
    #[must_use]
    pub fn genesis_hash(&self) -> [u8; 32] {
        self.chain.genesis().hash
    }

    /// The chain itself, for those in the same process.
    #[must_use]
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// The programs that are loaded, by label.
    #[must_use]
    pub fn program_ids(&self) -> Vec<(&'static str, Pubkey)> {
        svm::programs::all()
            .iter()
            .map(|program| (program.label, program.id()))
            .collect()
    }

    /// Token account of the network's treasury.
    #[must_use]
    pub fn treasury(&self) -> Pubkey {
        Pubkey::new_from_array(localnet::treasury())
    }

    /// Token account of the network's incentive pool.
    #[must_use]
    pub fn incentive_pool(&self) -> Pubkey {
        Pubkey::new_from_array(localnet::incentive_pool())
    }

    /// Stops the servers (open streams end with UNAVAILABLE), then block production.
    pub async fn shutdown(mut self) {
        self.shutdown.cancel();
        for server in std::mem::take(&mut self.servers) {
            if let Err(error) = server.await {
                tracing::error!(%error, "a localnet server ended badly");
            }
        }
        let production = self.production.take();
        // Joining the producer waits for the block in work.
        if let Err(error) = tokio::task::spawn_blocking(move || drop(production)).await {
            tracing::error!(%error, "the block producer ended badly");
        }
    }
}

impl Drop for Localnet {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

async fn bind(key: &'static str, address: SocketAddr) -> Result<(TcpListener, SocketAddr)> {
    let error = |source| LocalnetError::Port {
        key,
        address,
        source,
    };
    let listener = TcpListener::bind(address).await.map_err(error)?;
    let local = listener.local_addr().map_err(error)?;
    Ok((listener, local))
}
