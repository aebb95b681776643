//! The Geyser gRPC server: the protocol of the Yellowstone plugin over the localnet chain.

mod accounts;
mod deshred;
mod entries;
mod filter;
mod follow;
mod gossip;
mod outbox;
mod service;

use std::time::Duration;

use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tonic::{
    Request, Status, codec::CompressionEncoding, service::InterceptorLayer, transport::Server,
};
use yellowstone_grpc_proto::prelude::geyser_server::GeyserServer;

use crate::chain::{Chain, Chaos, Start};

/// Bytes that may wait for one client before it is cut.
const QUEUE_BYTES: usize = 16 << 20;
/// Time that open subscriptions get to take leave at a shutdown.
const FAREWELL: Duration = Duration::from_secs(2);

/// Settings of the server.
#[derive(Debug, Clone)]
pub(crate) struct GeyserOptions {
    /// The token that clients must send as `x-token`, if any.
    pub(crate) x_token: Option<String>,
    /// Slots that a client may replay with `from_slot`; 0 = none.
    pub(crate) replay_slots: u64,
    /// Messages that may wait for one client before it is cut.
    pub(crate) queue_messages: usize,
    /// Whether filters of accounts are served.
    pub(crate) accounts: bool,
    /// What goes wrong, if anything.
    pub(crate) chaos: Option<Chaos>,
}

/// How far back clients may ask.
#[derive(Debug, Clone, Copy)]
struct Replay {
    /// Slots; 0 = none.
    slots: u64,
    /// Only what this process sealed: the buffer is lost with it.
    forgetful: bool,
}

impl Replay {
    /// The oldest slot that may be replayed; `None` before the first one.
    fn first(self, start: &Start) -> Option<u64> {
        let window = (start.tip.0 + 1).saturating_sub(self.slots).max(1);
        if self.forgetful {
            return start.sealed_from.map(|sealed| sealed.max(window));
        }
        (start.tip.0 > 0).then_some(window)
    }
}

/// Serves until `shutdown`; open subscriptions then end with UNAVAILABLE.
pub(crate) async fn serve(
    listener: TcpListener,
    chain: Chain,
    options: GeyserOptions,
    shutdown: CancellationToken,
) {
    let tasks = TaskTracker::new();
    let service = service::Service {
        chain,
        replay: Replay {
            slots: options.replay_slots,
            forgetful: options.chaos.as_ref().is_some_and(|c| c.forgetful),
        },
        chaos: options.chaos,
        accounts: options.accounts,
        limits: outbox::Limits {
            messages: options.queue_messages,
            bytes: QUEUE_BYTES,
        },
        shutdown: shutdown.clone(),
        tasks: tasks.clone(),
    };
    let geyser = GeyserServer::new(service)
        .accept_compressed(CompressionEncoding::Gzip)
        .accept_compressed(CompressionEncoding::Zstd)
        .send_compressed(CompressionEncoding::Gzip)
        .send_compressed(CompressionEncoding::Zstd);
    let token = options.x_token;
    let check = move |request: Request<()>| match &token {
        Some(token)
            if request
                .metadata()
                .get("x-token")
                .is_none_or(|t| t != token.as_str()) =>
        {
            Err(Status::unauthenticated("No valid auth token"))
        }
        _ => Ok(request),
    };
    let server = Server::builder()
        .tcp_nodelay(true)
        .layer(InterceptorLayer::new(check))
        .add_service(geyser)
        .serve_with_incoming_shutdown(
            TcpListenerStream::new(listener),
            shutdown.clone().cancelled_owned(),
        );
    let farewell = async {
        shutdown.cancelled().await;
        tasks.close();
        tasks.wait().await;
        tokio::time::sleep(FAREWELL).await;
    };
    tokio::select! {
        result = server => if let Err(error) = result {
            tracing::error!(%error, "the Geyser server stopped");
        },
        // A client that reads nothing more must not hold up the shutdown.
        () = farewell => {}
    }
}
