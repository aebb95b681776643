//! A look at a server, without a subscription.

use std::time::Duration;

use tonic::{Code, Request, Status};
use yellowstone_grpc_proto::geyser::geyser_client::GeyserClient;
use yellowstone_grpc_proto::geyser::{CommitmentLevel, GetSlotRequest, GetVersionRequest};

use super::Server;
use super::failure::Failure;
use super::wire::Connection;

/// What a server says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Probe {
    /// Its version, in its own words.
    pub version: String,
    /// Highest confirmed slot; `None` where it does not say.
    pub slot: Option<u64>,
    /// First slot that it can replay; `None` where it replays none.
    pub replays_from: Option<u64>,
}

/// Asks a server for its version, its tip and what it can replay, each within `limit`.
///
/// # Errors
/// In words: why it cannot be reached, or refuses.
pub async fn probe(server: &Server, limit: Duration) -> Result<Probe, String> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let late = |_| format!("no answer within {} s", limit.as_secs());
    let connection = tokio::time::timeout(limit, Connection::open(server))
        .await
        .map_err(late)?
        .map_err(|failure| match failure {
            Failure::Fatal(error) => error.to_string(),
            Failure::Retry(why) | Failure::Unserved(why) => why,
            Failure::ReplayLost { .. } => "no connection".to_owned(),
        })?;
    let mut client =
        GeyserClient::with_interceptor(connection.channel.clone(), connection.token.clone());
    let version = tokio::time::timeout(limit, client.get_version(GetVersionRequest {}))
        .await
        .map_err(late)?
        .map_err(|status| refusal(&status))?;
    let mut slot = Request::new(GetSlotRequest {
        commitment: Some(CommitmentLevel::Confirmed as i32),
    });
    slot.set_timeout(limit);
    Ok(Probe {
        version: version.into_inner().version,
        slot: client
            .get_slot(slot)
            .await
            .ok()
            .map(|answer| answer.into_inner().slot),
        // The largest number stands for "nothing yet".
        replays_from: tokio::time::timeout(limit, connection.replay_info())
            .await
            .ok()
            .and_then(Result::ok)
            .flatten()
            .filter(|slot| *slot != u64::MAX),
    })
}

fn refusal(status: &Status) -> String {
    match status.code() {
        Code::Unauthenticated | Code::PermissionDenied => {
            format!(
                "it refuses access ({}): set the right x-token",
                status.message()
            )
        }
        code => format!("{code:?}: {}", status.message()),
    }
}
