//! What is kept beside the indexer from the chain that has become final: the index digest, evidence and scores.

use std::time::Duration;

use hypernode_analytics::{Error, reputation, rollup};
use hypernode_warehouse::Client;
use tokio_util::sync::CancellationToken;

use super::kept::Progress;

/// How often the final chain is looked at: a live window is stored every 1.6 s.
const EVERY: Duration = Duration::from_secs(2);
/// The same for sums: what is not in them yet is added where it is asked for, so that they may lag behind.
const EVERY_SUM: Duration = Duration::from_secs(5);
/// Pause after a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(10);

/// When the next step of something that is kept is due.
pub(super) struct Pace {
    what: &'static str,
    every: Duration,
    progress: Progress,
    stop: CancellationToken,
}

impl Pace {
    pub(super) fn new(what: &'static str, progress: Progress, stop: CancellationToken) -> Self {
        Self {
            what,
            every: EVERY,
            progress,
            stop,
        }
    }

    fn every(self, every: Duration) -> Self {
        Self { every, ..self }
    }

    /// Waits after a step (its last slot, and whether more is waiting), not at all where more is; a warehouse that is away is
    /// waited for. `false`: it is time to stop.
    pub(super) async fn rest(&mut self, step: Result<(Option<u64>, bool), Error>) -> bool {
        let slot = step.as_ref().map(|(slot, _)| *slot).map_err(drop);
        let news = self.progress.told(slot);
        let pause = match step {
            Ok((_, true)) => Duration::ZERO,
            Ok((_, false)) => self.every,
            Err(error) => {
                if news {
                    tracing::warn!(%error, "{} wait", self.what);
                }
                AFTER_FAILURE
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => !self.stop.is_cancelled(),
            () = self.stop.cancelled() => false,
        }
    }
}

/// Keeps evidence and scores.
pub(super) async fn scores(
    mut keeper: reputation::Keeper,
    progress: Progress,
    stop: CancellationToken,
) {
    let mut pace = Pace::new("the scores", progress, stop);
    loop {
        let step = keeper.step().await.map(|step| (step.slot, step.more));
        if !pace.rest(step).await {
            return;
        }
    }
}

/// Keeps the sums of network metrics.
pub(super) async fn metrics(
    mut keeper: rollup::Keeper,
    progress: Progress,
    stop: CancellationToken,
) {
    let mut pace = Pace::new("the network's metrics", progress, stop).every(EVERY_SUM);
    loop {
        let step = keeper.step().await.map(|step| (step.slot, step.more));
        if !pace.rest(step).await {
            return;
        }
    }
}

/// Brings evidence and scores up to what is stored, and returns.
pub(crate) async fn scores_to_the_end(
    client: &Client,
    accounts: Vec<hypernode_analytics::reputation::FeeAccounts>,
) -> Result<(), Error> {
    let mut keeper = reputation::Keeper::new(client.clone(), accounts);
    while keeper.step().await?.slot.is_some() {}
    Ok(())
}

/// Brings the sums of network metrics up to what is stored, and returns.
pub(crate) async fn metrics_to_the_end(client: &Client) -> Result<(), Error> {
    let mut keeper = rollup::Keeper::new(client.clone());
    while keeper.step().await?.slot.is_some() {}
    Ok(())
}
