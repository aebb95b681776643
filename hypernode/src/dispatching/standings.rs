//! Scores and stakes of the chain on their way to the matchmaker: those of the newest final slot that was judged.

use std::sync::Arc;
use std::time::Duration;

use hypernode_analytics::{Error, reputation};
use hypernode_dispatch::board::Standing;
use hypernode_dispatch::desk::Scores;
use hypernode_dispatch::ids::{Id, NodeId};
use hypernode_dispatch::nodes;
use hypernode_dispatch::service::{Center, Figures};
use hypernode_state::{Address, Seldom};
use hypernode_warehouse::Client;
use tokio_util::sync::CancellationToken;

/// How often the slot is looked at.
const EVERY: Duration = Duration::from_secs(4);

/// Tells the dispatcher of now what the chain says of nodes, each time that it says something new, until `stop`.
pub(super) async fn follow(
    client: Client,
    center: Center,
    figures: Arc<Figures>,
    scores: Arc<Scores>,
    stop: CancellationToken,
) {
    let told = Seldom::new();
    loop {
        if let Err(error) = tell(&client, &center, &figures, &scores).await
            && told.now()
        {
            tracing::debug!("the scores that decisions rest on stay as they are: {error}");
        }
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = stop.cancelled() => return,
        }
    }
}

async fn tell(
    client: &Client,
    center: &Center,
    figures: &Figures,
    scores: &Scores,
) -> Result<(), Error> {
    // One that started anew knows no slot: it is told again.
    let Ok(dispatch) = center.now() else {
        return Ok(());
    };
    let Some(slot) = reputation::judged(client).await? else {
        return Ok(());
    };
    if slot <= figures.get().slot {
        return Ok(());
    }
    let nodes = reputation::standings(client).await?;
    let nodes = nodes.into_iter().map(|standing| Standing {
        node: NodeId(Id::Address(Address(standing.node))),
        reputation: standing.score,
        evidence: standing.evidence,
        stake: standing.stake,
    });
    let nodes: Vec<Standing> = nodes.collect();
    scores.set(nodes.iter().map(|of| {
        let standing = nodes::Standing {
            reputation: of.reputation,
            evidence: of.evidence,
            stake: of.stake,
        };
        (of.node, standing)
    }));
    // One that ended meanwhile is followed by another, which is told next time.
    let _ = dispatch.stand(slot, nodes).await;
    Ok(())
}
