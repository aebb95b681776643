//! What stands behind the figures: scores, digest, certificates. Final facts move slower than slots, so that one look a
//! second serves everybody.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hypernode_analytics::certificates::{Certificate, certificates};
use hypernode_analytics::digest::{self, DigestText};
use hypernode_analytics::reputation::{self, Ranked, Reputation, Root};
use hypernode_analytics::{Error, Finality};
use hypernode_warehouse::Client;
use tokio::sync::Mutex;

use crate::cache::Snapshots;

/// How long it is believed without looking again.
const AGE: Duration = Duration::from_secs(1);
/// Nodes in the list.
const NODES: u64 = 20;
/// Slots whose certificates are looked at; a window of live indexing has 4.
const SLOTS: u64 = 128;
/// Certificates of them, at most.
const CERTIFICATES: u64 = SLOTS;

/// One look. `None` is a part that could not be read: the page says so there, and shows the rest.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    /// The nodes of the highest scores.
    pub(crate) nodes: Option<Vec<Ranked>>,
    /// The first of them in full; the inner `None`: there is none.
    pub(crate) first: Option<Option<Reputation>>,
    /// The digest at the newest slot that has one; the inner `None`: none has.
    pub(crate) digest: Option<Option<DigestText>>,
    /// The root of the last day that is over; the inner `None`: none is.
    pub(crate) root: Option<Option<Root>>,
    /// The newest certificates, in slot order.
    pub(crate) certificates: Option<Vec<Certificate>>,
}

impl Standing {
    async fn load(client: &Client, snapshots: &Arc<Snapshots>) -> Self {
        let nodes = told(reputation::top(client, NODES).await);
        let best = nodes.as_ref().and_then(|nodes| nodes.first());
        let first = match best {
            Some(best) => told(of(client, &best.node_id, Some(best.as_of_slot)).await),
            None => nodes.as_ref().map(|_| None),
        };
        let digest = told(digest::at(client, None).await).map(|at| match at {
            digest::At::Known(digest) => Some(DigestText::new(Some(&digest))),
            digest::At::Outside(_) => None,
        });
        Self {
            nodes,
            first,
            digest,
            root: told(reputation::newest_root(client).await),
            certificates: newest_certificates(client, snapshots).await,
        }
    }

    /// The first node, `None` where no node has a score yet.
    pub(crate) fn first(&self) -> Result<Option<&Reputation>, ()> {
        self.first.as_ref().map(Option::as_ref).ok_or(())
    }
}

async fn newest_certificates(
    client: &Client,
    snapshots: &Arc<Snapshots>,
) -> Option<Vec<Certificate>> {
    let to = snapshots.current(Finality::Confirmed).await.ok()?.as_of;
    let from = to.saturating_sub(SLOTS - 1);
    told(certificates(client, from, to, to, CERTIFICATES).await)
}

/// The reputation of the node at this address at a slot; `None` where there is no score yet, or no such address.
pub(crate) async fn of(
    client: &Client,
    id: &str,
    slot: Option<u64>,
) -> Result<Option<Reputation>, Error> {
    let mut node = [0; 32];
    if five8::decode_32(id, &mut node).is_err() {
        return Ok(None);
    }
    Ok(match reputation::at(client, &node, slot).await? {
        reputation::At::Known(known) => Some(*known),
        reputation::At::Outside(_) => None,
    })
}

fn told<T>(answer: Result<T, Error>) -> Option<T> {
    answer
        .inspect_err(|error| tracing::warn!(%error, "the page goes without a part"))
        .ok()
}

/// The newest look.
#[derive(Debug, Default)]
pub(crate) struct Standings(Mutex<Option<(Instant, Arc<Standing>)>>);

impl Standings {
    /// That of now: who asks at once waits for one look.
    pub(crate) async fn current(
        &self,
        client: &Client,
        snapshots: &Arc<Snapshots>,
    ) -> Arc<Standing> {
        let mut kept = self.0.lock().await;
        if let Some((at, standing)) = kept.as_ref()
            && at.elapsed() < AGE
        {
            return Arc::clone(standing);
        }
        let standing = Arc::new(Standing::load(client, snapshots).await);
        *kept = Some((Instant::now(), Arc::clone(&standing)));
        standing
    }
}
