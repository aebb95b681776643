//! The cluster's contact table: one node, this one.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::{StreamExt as _, stream, stream::BoxStream};
use tokio_util::sync::CancellationToken;
use tonic::Status;
use yellowstone_grpc_proto::prelude::{
    GossipTopology, SubscribeUpdateContactInfoNode, SubscribeUpdateGossip, SubscribeUpdatePing,
    subscribe_update_gossip::UpdateOneof,
};

/// Time between pings.
const PING_EVERY: Duration = Duration::from_secs(10);

/// What a client of such a stream gets.
pub(super) type Updates = BoxStream<'static, Result<SubscribeUpdateGossip, Status>>;

/// The table, then pings: nobody else joins or leaves a simulated cluster. Ends when the server stops.
pub(super) fn updates(genesis: [u8; 32], shutdown: CancellationToken) -> Updates {
    let table = UpdateOneof::Snapshot(GossipTopology {
        nodes: vec![node(genesis)],
    });
    let first = stream::once(async move { Ok(update(table, 1)) });
    let pings = stream::unfold(Some(shutdown), |shutdown| async {
        let shutdown = shutdown?;
        tokio::select! {
            () = shutdown.cancelled() => Some((Err(Status::unavailable("the server is shutting down")), None)),
            () = tokio::time::sleep(PING_EVERY) => {
                Some((Ok(update(UpdateOneof::Ping(SubscribeUpdatePing {}), 0)), Some(shutdown)))
            }
        }
    });
    first.chain(pings).boxed()
}

fn update(what: UpdateOneof, seq: u64) -> SubscribeUpdateGossip {
    SubscribeUpdateGossip {
        update_oneof: Some(what),
        created_at: Some(SystemTime::now().into()),
        seq,
    }
}

/// The one validator that a simulated cluster has. Its key is the network's genesis hash: each network has its own.
fn node(genesis: [u8; 32]) -> SubscribeUpdateContactInfoNode {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let wallclock = since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(0));
    let mut version = crate::SOLANA_VERSION
        .split('.')
        .map(|part| part.parse().unwrap_or(0));
    SubscribeUpdateContactInfoNode {
        pubkey: genesis.to_vec(),
        wallclock,
        outset: wallclock,
        version_major: version.next().unwrap_or(0),
        version_minor: version.next().unwrap_or(0),
        version_patch: version.next().unwrap_or(0),
        ..Default::default()
    }
}
