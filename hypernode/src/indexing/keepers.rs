//! What is kept beside the indexer from the chain that has become final: the index digest, evidence and scores.

use std::time::Duration;

use hypernode_analytics::{Error, reputation, rollup};
use hypernode_warehouse::Client;
use tokio_util::sync::CancellationToken;

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
    stop: CancellationToken,
    failing: bool,
}

impl Pace {
    pub(super) fn new(what: &'static str, stop: CancellationToken) -> Self {
        Self {
            what,
            every: EVERY,
            stop,
            failing: false,
        }
    }

    fn every(self, every: Duration) -> Self {
        Self { every, ..self }
    }

    /// Waits after a step, not at all where it says that more is waiting; a warehouse that is away is waited for. `false`: it
    /// is time to stop.
    pub(super) async fn rest(&mut self, step: Result<bool, Error>) -> bool {
        let pause = match step {
            Ok(more) => {
                self.failing = false;
                if more { Duration::ZERO } else { self.every }
            }
            Err(error) => {
                if !std::mem::replace(&mut self.failing, true) {
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
pub(super) async fn scores(mut keeper: reputation::Keeper, stop: CancellationToken) {
    let mut pace = Pace::new("the scores", stop);
    loop {
        let step = keeper.step().await.map(|step| step.more);
        if !pace.rest(step).await {
            return;
        }
    }
}

/// Keeps the sums of network metrics.
pub(super) async fn metrics(mut keeper: rollup::Keeper, stop: CancellationToken) {
    let mut pace = Pace::new("the network's metrics", stop).every(EVERY_SUM);
    loop {
        let step = keeper.step().await.map(|step| step.more);
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
