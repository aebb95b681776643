//! Proxies before a network that do what hosted services do: lose connections, double and delay messages, refuse, break off.

mod geyser;
mod plan;
mod rpc;

use anyhow::Result;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use plan::{Ending, Mischief, RpcFault, StreamPlan};

use crate::net::Place;

/// Both proxies. Dropping it ends them, and every connection.
#[derive(Debug)]
pub struct Proxy {
    /// Where the network is reached through them.
    pub place: Place,
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
        let relay = geyser::Relay::new(&behind.geyser, mischief.clone(), stop.clone())?;
        tokio::spawn(geyser::serve(geyser, relay, stop.clone()));
        let front = rpc::Front::new(&behind.rpc, mischief)?;
        tokio::spawn(rpc::serve(rpc, front, stop.clone()));
        Ok(Self { place, stop })
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
