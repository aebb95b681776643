//! Waiting to be told to stop.

use crate::exit::{OrCannotStart as _, Outcome};

/// Returns when the process gets SIGINT or SIGTERM.
pub(crate) async fn wait() -> Outcome {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).or_cannot_start("signal handler")?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => result.or_cannot_start("signal handler"),
        _ = terminate.recv() => Ok(()),
    }
}
