//! The listening side: connections are bounded in number, slow senders are dropped, a stop lets answers finish.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1::Builder;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::router::router;
use crate::state::ApiState;

/// Connections at a time; more wait in the operating system's queue.
const CONNECTIONS: u32 = 1024;
/// Longest time for a request's head to arrive.
const HEAD: Duration = Duration::from_secs(10);
/// Largest head, in bytes.
const HEAD_BYTES: usize = 32 * 1024;
/// How long answers under way may take after a stop.
const GRACE: Duration = Duration::from_secs(5);
/// Pause after a failed accept: out of file handles does not mend in a microsecond.
const BREATH: Duration = Duration::from_millis(50);

/// Serves the application on `listener` until `shutdown`, then lets answers under way finish for up to 5 s.
///
/// # Errors
/// When the listener itself is unusable. Failures of single connections are logged and end those only.
pub async fn serve(
    listener: TcpListener,
    state: ApiState,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let address = listener.local_addr()?;
    let service = TowerToHyperService::new(router(state.until(shutdown.clone())));
    let mut builder = Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(HEAD_BYTES);
    let places = Arc::new(Semaphore::new(CONNECTIONS as usize));
    tracing::info!(%address, "API is listening");
    loop {
        // A place first: a connection that is not accepted costs nothing.
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            next = next => next,
            () = shutdown.cancelled() => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(BREATH).await;
                continue;
            }
        };
        // Small answers should not wait for more to send.
        let _ = stream.set_nodelay(true);
        let connection = builder
            .serve_connection(TokioIo::new(stream), service.clone())
            .with_upgrades();
        let stop = shutdown.clone();
        tokio::spawn(async move {
            let mut connection = pin!(connection);
            let ended = tokio::select! {
                ended = connection.as_mut() => ended,
                () = stop.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection ended early");
            }
            drop(place);
        });
    }
    drop(listener);
    // All places are free again when no connection is left.
    if tokio::time::timeout(GRACE, places.acquire_many(CONNECTIONS))
        .await
        .is_err()
    {
        tracing::warn!("some answers did not finish in time and were cut off");
    }
    Ok(())
}
