//! What becomes of a node whose socket is gone.

use std::time::Duration;

use super::act::Close;
use super::hub::Hub;
use super::live::Parked;
use super::request::{Reply, Request};
use super::session::Here;
use crate::ids::NodeId;

/// How often a dispatcher that starts anew is asked again.
const PAUSE: Duration = Duration::from_millis(200);
/// How often at most: whoever starts anew gives up nodes that do not come back.
const TRIES: u32 = 50;

impl Hub {
    /// The node's socket is gone. It gets nothing new, and has a moment to come back.
    pub(super) async fn left(&self, here: Box<Here>, number: u64, close: Close) {
        let (uuid, node) = (here.uuid, here.node);
        // In one step: whoever comes in from here on finds what the node was.
        let had = self.0.live().release(uuid, Parked { number, here });
        if !had {
            // Another socket has it.
            return;
        }
        self.nodes().gone(uuid);
        Request::Away.once(node, &self.0.setup.center).await;
        // A host that came back meanwhile may have been tied before this was taken in, and would get nothing.
        self.0.live().tie_again(uuid);
        if self.0.is_stopping() {
            // What it runs is its own still: it comes back to whoever starts next.
            return;
        }
        let grace = match close {
            Close::Revoked => Duration::ZERO,
            _ => Duration::from_millis(self.config().grace_ms.max(0).unsigned_abs()),
        };
        let hub = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(grace).await;
            let is_lost = hub.0.live().unpark(uuid, number);
            if is_lost && !hub.0.is_stopping() {
                hub.lost(uuid, node).await;
            }
        });
    }

    /// The node has not come back: what it has is lost.
    pub(super) async fn lost(&self, uuid: NodeId, node: NodeId) {
        self.logs().end_of(uuid);
        for _ in 0..TRIES {
            if Request::Down.once(node, &self.0.setup.center).await != Reply::Nobody {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
