//! The listening side: connections are bounded in number, in all and for each address; slow senders and readers are dropped;
//! a stop lets answers finish.

pub(crate) mod places;
mod tls;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;

use crate::measure::MAX_HEAD;
use crate::router::router;
use crate::state::ApiState;
use places::Places;
pub use tls::{Tls, TlsError};

/// Connections at a time; more wait in the operating system's queue.
const CONNECTIONS: u32 = 1024;
/// Connections of one address at a time. This machine's own and trusted proxies' are not counted: they speak for many.
const PER_ADDRESS: u32 = 128;
/// Longest time for a request's head to arrive, and for TLS to be agreed on.
const HEAD: Duration = Duration::from_secs(10);
/// Longest time in which a reader takes nothing of what is sent to it.
const TAKING: Duration = Duration::from_secs(30);
/// Largest buffer of a head, in bytes: what is larger than a head may be is refused with a text where it fits in here.
const HEAD_BYTES: usize = 2 * MAX_HEAD;
/// Most headers of a request.
const HEADERS: usize = 100;
/// How long answers under way may take after a stop.
const GRACE: Duration = Duration::from_secs(5);
/// Pause after a failed accept: out of file handles does not mend in a microsecond.
const BREATH: Duration = Duration::from_millis(50);

/// Who is at the other end of a connection: a proxy, perhaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// Serves the application on `listener` until `shutdown`, then lets answers under way finish for up to 5 s.
///
/// # Errors
/// When the listener itself is unusable. Failures of single connections are logged and end those only.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    state: ApiState,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let address = listener.local_addr()?;
    let access = state.access.clone();
    let door = Arc::new(Door {
        application: TowerToHyperService::new(router(state.until(shutdown.clone()))),
        builder: builder(),
        tls,
        shutdown: shutdown.clone(),
    });
    let room = Arc::new(Semaphore::new(CONNECTIONS as usize));
    let places = Arc::new(Places::default());
    tracing::info!(%address, tls = door.tls.is_some(), "API is listening");
    loop {
        // Room first: a connection that is not accepted costs nothing.
        let next = async {
            let room = Arc::clone(&room).acquire_owned().await;
            (room, listener.accept().await)
        };
        let (room, accepted) = tokio::select! {
            next = next => next,
            () = shutdown.cancelled() => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(BREATH).await;
                continue;
            }
        };
        let is_proxy = access
            .as_ref()
            .is_some_and(|access| access.proxies.trusts(peer.ip()));
        let most = if is_proxy || peer.ip().to_canonical().is_loopback() {
            u32::MAX
        } else {
            PER_ADDRESS
        };
        let Some(place) = places.take(peer.ip(), most) else {
            tracing::debug!(%peer, "one address holds too many connections");
            continue;
        };
        let door = Arc::clone(&door);
        tokio::spawn(async move {
            if let Err(error) = door.open(stream, peer).await {
                tracing::debug!(%error, "a connection ended early");
            }
            drop((place, room));
        });
    }
    drop(listener);
    // All room is free again when no connection is left.
    if tokio::time::timeout(GRACE, room.acquire_many(CONNECTIONS))
        .await
        .is_err()
    {
        tracing::warn!("some answers did not finish in time and were cut off");
    }
    Ok(())
}

fn builder() -> Builder {
    let mut builder = Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_headers(HEADERS)
        .max_buf_size(HEAD_BYTES);
    builder
}

/// What all connections of a listener share.
struct Door {
    application: TowerToHyperService<Router>,
    builder: Builder,
    tls: Option<Arc<Tls>>,
    shutdown: CancellationToken,
}

type Failed = Box<dyn std::error::Error + Send + Sync>;

impl Door {
    async fn open(&self, stream: TcpStream, peer: SocketAddr) -> Result<(), Failed> {
        // Small answers should not wait for more to send.
        let _ = stream.set_nodelay(true);
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(TAKING));
        let stream = Box::pin(stream);
        match &self.tls {
            None => self.converse(stream, peer).await,
            Some(tls) => {
                let agreed = tokio::time::timeout(HEAD, tls.acceptor().accept(stream)).await??;
                self.converse(agreed, peer).await
            }
        }
    }

    async fn converse<S>(&self, stream: S, peer: SocketAddr) -> Result<(), Failed>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let service = WithPeer {
            peer: Peer(peer.ip().to_canonical()),
            application: self.application.clone(),
        };
        let connection = self
            .builder
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        let mut connection = pin!(connection);
        tokio::select! {
            ended = connection.as_mut() => ended?,
            () = self.shutdown.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await?;
            }
        }
        Ok(())
    }
}

/// The application, told who asks.
struct WithPeer {
    peer: Peer,
    application: TowerToHyperService<Router>,
}

impl Service<hyper::Request<Incoming>> for WithPeer {
    type Response = axum::response::Response;
    type Error = std::convert::Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn call(&self, mut request: hyper::Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(self.peer);
        Box::pin(self.application.call(request))
    }
}
