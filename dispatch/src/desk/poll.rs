//! Hosts that speak HTTP alone ask for a job, and have it when they are told of one.
//!
//! Such a host is there for the dispatcher only while it asks: one that asks no more is given nothing. What it was given
//! it runs without a word, as hosts of the old dialects do: its time is that of [`Manner::Silent`].

use std::time::Duration;

use hypernode_state::StoreExt;
use hypernode_state::jobs::{JobStates, ListJobs};
use hypernode_wire::Work;

use super::{Desk, DeskError, JobView};
use crate::ids::JobId;
use crate::job::{Manner, State};
use crate::nodes::{NodeView, Route};
use crate::service::{Told, states};

/// How long one request waits for a job.
const WAIT: Duration = Duration::from_millis(300);

/// A job that a node has.
#[derive(Clone, Debug)]
pub struct Assigned {
    /// The job.
    pub view: JobView,
    /// What is run; `None` for a free job.
    pub work: Option<Work>,
}

impl Desk {
    /// The job that `node` has, else one that it is given now; `None` where there is none for it. A node that is on a socket
    /// is told there.
    ///
    /// # Errors
    /// Why it cannot be said now.
    pub async fn next_job(&self, node: &NodeView) -> Result<Option<Assigned>, DeskError> {
        if node.node.about.route != Route::Http {
            return Ok(None);
        }
        let name = node.node.name();
        let turn = usize::from(name.0.as_bytes()[0]) % self.polls.len();
        let _turn = self.polls[turn].lock().await;
        self.nodes.beat(name);
        if let Some(held) = self.held(node).await? {
            return self.assigned(held).await;
        }
        let dispatch = self.center.now()?;
        let mut told = dispatch.connect(self.facts(node), Manner::Silent).await?;
        let mut given = tokio::time::timeout(WAIT, run(&mut told))
            .await
            .ok()
            .flatten();
        dispatch.away(name).await?;
        // What was decided before it went is here by now.
        while given.is_none()
            && let Ok(told) = told.try_recv()
        {
            given = job_of(told);
        }
        match given {
            Some(job) => self.assigned(job).await,
            None => {
                dispatch.down(name).await?;
                Ok(None)
            }
        }
    }

    /// The job that it has already: an answer may have been lost.
    pub(super) async fn held(&self, node: &NodeView) -> Result<Option<JobId>, DeskError> {
        for name in node.node.names() {
            let page = self.store.ask(ListJobs {
                owner: None,
                kind: None,
                node: Some(name.to_string()),
                states: states("running").unwrap_or(JobStates::ALL),
                before: None,
                limit: 1,
            });
            if let Some(job) = page.await?.jobs.first() {
                return Ok(job.id.parse().ok());
            }
        }
        Ok(None)
    }

    async fn assigned(&self, job: JobId) -> Result<Option<Assigned>, DeskError> {
        let view = JobView::of(self.whole(job).await?)?;
        if !matches!(view.job.state, State::Leased(_)) {
            return Ok(None);
        }
        let work = view.content.work(&self.catalog);
        let work = work.map_err(|error| DeskError::Wrong(error.to_string()))?;
        Ok(Some(Assigned { view, work }))
    }
}

async fn run(told: &mut tokio::sync::mpsc::Receiver<Told>) -> Option<JobId> {
    loop {
        if let Some(job) = job_of(told.recv().await?) {
            return Some(job);
        }
    }
}

fn job_of(told: Told) -> Option<JobId> {
    match told {
        Told::Run { job, .. } => Some(job),
        Told::Offer { .. } | Told::Withdraw { .. } | Told::Stop { .. } => None,
    }
}
