//! What goes on at a desk while nobody asks.

use std::time::Duration;

use hypernode_state::jobs::OpenJobs;
use hypernode_state::{StoreExt, limits};

use super::{Desk, DeskError, JobView, repeat};
use crate::nodes::Route;
use crate::service::Dispatch;

/// How often what is over is removed.
const SWEEP: Duration = Duration::from_secs(600);

impl Desk {
    /// Tells each dispatcher that begins which hosts speak HTTP and run something, since those do not come back by
    /// themselves; hands changes of jobs to those who follow them; removes idempotency keys whose time is over. Runs until it
    /// is dropped.
    pub async fn keep(self) {
        tokio::join!(self.watch.run(self.center.changes()), self.mind());
    }

    async fn mind(&self) {
        let mut starts = self.center.starts();
        let mut sweep = tokio::time::interval(SWEEP);
        loop {
            tokio::select! {
                dispatch = starts.next() => {
                    let Some(dispatch) = dispatch else { return };
                    if let Err(error) = self.announce_all(&dispatch).await {
                        tracing::warn!("hosts that speak HTTP may lose what they run: {error}");
                    }
                }
                _ = sweep.tick() => {
                    if let Err(error) = repeat::purge(self.store.as_ref(), self.now()).await {
                        tracing::warn!("old idempotency keys are removed later: {error}");
                    }
                }
            }
        }
    }

    async fn announce_all(&self, dispatch: &Dispatch) -> Result<(), DeskError> {
        let (mut after, limit) = (0, limits::PAGE);
        loop {
            let page = self.store.ask(OpenJobs { after, limit }).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = last.number;
            for job in page {
                let whole = hypernode_state::jobs::JobWhole {
                    job,
                    content: None,
                    outcome: None,
                };
                let holder = JobView::of(whole)?.node();
                let node = holder.and_then(|name| self.nodes.get(name));
                if let Some(node) = node.filter(|view| view.node.about.route == Route::Http) {
                    self.announce(dispatch, &node).await?;
                }
            }
        }
    }
}
