//! Proxies before a network that do what hosted services do: lose connections, double and delay messages, refuse, break off.

mod geyser;
mod plan;
mod rpc;
mod store;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use plan::{Ending, Mischief, RpcFault, StreamPlan};
pub use store::StoreProxy;

use crate::net::Place;

/// What clients asked of the proxies.
#[derive(Debug, Default)]
pub struct Seen {
    streams: AtomicU64,
    methods: Mutex<BTreeMap<String, u64>>,
}

impl Seen {
    fn method(&self, name: &str) {
        let mut methods = self.methods.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody asks for more kinds than there are methods.
        if methods.len() < 100 {
            *methods.entry(name.to_owned()).or_default() += 1;
        }
    }

    /// Streams that were opened.
    #[must_use]
    pub fn streams(&self) -> u64 {
        self.streams.load(Ordering::Relaxed)
    }

    /// How often a method of JSON-RPC was called.
    #[must_use]
    pub fn calls(&self, method: &str) -> u64 {
        let methods = self.methods.lock().unwrap_or_else(PoisonError::into_inner);
        methods.get(method).copied().unwrap_or(0)
    }
}

/// Both proxies. Dropping it ends them, and every connection.
#[derive(Debug)]
pub struct Proxy {
    /// Where the network is reached through them.
    pub place: Place,
    seen: Arc<Seen>,
    stop: CancellationToken,
}

impl Proxy {
    /// Starts them before a network.
    ///
    /// # Errors
    /// When no port is free or the network is not there.
    pub async fn start(behind: &Place, mischief: Mischief) -> Result<Self> {
        let stop = CancellationToken::new();
        let geyser = TcpListener::bind("127.0.0.1:0").await?;
        let rpc = TcpListener::bind("127.0.0.1:0").await?;
        let place = Place {
            geyser: format!("http://{}", geyser.local_addr()?),
            rpc: format!("http://{}", rpc.local_addr()?),
            genesis: behind.genesis.clone(),
        };
        let mischief = mischief.shared();
        let seen = Arc::new(Seen::default());
        let shared = (mischief.clone(), Arc::clone(&seen));
        let relay = geyser::Relay::new(&behind.geyser, shared, stop.clone())?;
        tokio::spawn(geyser::serve(geyser, relay, stop.clone()));
        let front = rpc::Front::new(&behind.rpc, mischief, Arc::clone(&seen))?;
        tokio::spawn(rpc::serve(rpc, front, stop.clone()));
        Ok(Self { place, seen, stop })
    }

    /// What was asked so far.
    #[must_use]
    pub fn seen(&self) -> &Seen {
        &self.seen
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
