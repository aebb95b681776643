//! A host tells over HTTP how a run ended.

use super::{Desk, DeskError, JobView};
use crate::board::Denied;
use crate::job::{Fault, Manner, Outcome};
use crate::nodes::{NodeView, Route};
use crate::outcome::Kept;
use crate::service::DispatchError;

/// How a run ended, as its host tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The attempt that it speaks of; of the one that the node has, where it does not say.
    pub fence: Option<u32>,
    /// How it ended.
    pub outcome: Outcome,
    /// What came of it.
    pub kept: Kept,
}

impl Desk {
    /// Takes what `node` tells of a job that it has.
    ///
    /// # Errors
    /// [`DeskError::Over`] where a result came before, [`DeskError::NotAssigned`], [`DeskError::Stale`], [`DeskError::Late`],
    /// or why it cannot be done now.
    pub async fn report(
        &self,
        node: &NodeView,
        view: &JobView,
        report: Report,
    ) -> Result<JobView, DeskError> {
        if view.job.is_over() {
            return Err(DeskError::Over(view.status()));
        }
        let name = view
            .node()
            .filter(|name| node.node.names().any(|own| own == *name));
        let name = name.ok_or_else(|| DeskError::NotAssigned(node.node.name().to_string()))?;
        let Report {
            fence,
            outcome,
            kept,
        } = report;
        let (job, kept) = (view.id(), kept.bytes());
        let dispatch = self.center.now()?;
        let mut ended = dispatch
            .ended(name, job, fence, outcome, kept.clone())
            .await;
        if let Err(DispatchError::Denied(Denied::UnknownNode)) = ended {
            // A dispatcher that began anew does not know it yet.
            self.announce(&dispatch, node).await?;
            ended = dispatch.ended(name, job, fence, outcome, kept).await;
        }
        match ended {
            Ok(()) => {}
            Err(DispatchError::Denied(Denied::UnknownJob)) => {
                let now = JobView::of(self.whole(job).await?)?;
                return Err(DeskError::Over(now.status()));
            }
            Err(error) => return Err(error.into()),
        }
        let now = JobView::of(self.whole(job).await?)?;
        let counts = match outcome {
            // A result that does not fit its type is no completion, and nobody's fault but the job's.
            Outcome::Completed => (now.status() == "completed").then_some(true),
            Outcome::Failed(fault) => fault.is_of_node().then_some(false),
        };
        if let Some(completed) = counts {
            self.nodes.ran(node.node.name(), completed);
        }
        if node.node.about.route == Route::Http {
            // It is there again when it asks for the next job.
            let _ = dispatch.down(name).await;
        }
        Ok(now)
    }

    /// Makes a dispatcher know a node that speaks HTTP and has a job: it gets nothing new.
    pub(super) async fn announce(
        &self,
        dispatch: &crate::service::Dispatch,
        node: &NodeView,
    ) -> Result<(), DeskError> {
        let frames = dispatch.connect(self.facts(node), Manner::Silent).await?;
        dispatch.away(node.node.name()).await?;
        drop(frames);
        Ok(())
    }
}

/// The class of a failure by the word that a host has for it.
pub fn fault(word: Option<&str>) -> Fault {
    match word {
        Some("node" | "error") => Fault::Node,
        Some("passing") => Fault::Passing,
        Some("permanent") => Fault::Permanent,
        _ => Fault::Job,
    }
}
