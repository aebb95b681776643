//! The Geyser gRPC server: the protocol of the Yellowstone plugin over the localnet chain.

mod accounts;
mod filter;
mod follow;
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

use crate::chain::{Chain, Tip};

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
}

/// The oldest slot that may be replayed.
fn first_available(tip: Tip, replay_slots: u64) -> u64 {
    (tip.0 + 1).saturating_sub(replay_slots).max(1)
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
        replay_slots: options.replay_slots,
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
