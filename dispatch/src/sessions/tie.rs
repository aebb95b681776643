//! A node's tie to the dispatcher of now, and what it is told there.

use std::time::Duration;

use futures::Sink;
use hypernode_state::StoreExt;
use hypernode_state::jobs::{JobStates, ListJobs};
use hypernode_wire::Dialect;

use super::act::Act;
use super::driver::Driver;
use super::hub::Sent;
use super::request::{Request, link};
use super::work::Work;
use crate::board::Record;
use crate::ids::{JobId, NodeId};
use crate::job::{Manner, State};
use crate::matching::Runs;
use crate::service::{Told, code};

/// Jobs of a node that are looked for after a dispatcher started anew, and that are kept in mind while it is asked.
const HELD: u32 = 64;

impl<O: Sink<Sent> + Send + Unpin> Driver<O> {
    /// Ties the node to the dispatcher of now.
    pub(super) async fn tie(&mut self) {
        let Some((here, view)) = self
            .session
            .here()
            .and_then(|here| Some((here, self.hub.nodes().get(here.uuid)?)))
        else {
            return;
        };
        let mut facts = view.facts((self.hub.0.setup.standing)(&view));
        facts.id = here.node;
        let (dialect, draining, node) = (here.dialect, here.draining, here.node);
        facts.runs = runs(dialect);
        let manner = match dialect.renews_leases() {
            true => Manner::Renewed,
            false => Manner::Silent,
        };
        self.link = link(&self.hub.0.setup.center, facts, manner).await;
        if draining {
            Request::Away.once(node, &self.hub.0.setup.center).await;
        }
    }

    /// The dispatcher started anew. What it gave the node and never told is told now.
    pub(super) async fn tie_again(&mut self) -> Vec<Act> {
        self.link = None;
        // Whoever is given up again and again asks no faster than this.
        tokio::time::sleep(Duration::from_millis(100)).await;
        self.tie().await;
        self.catch_up().await
    }

    /// What the node was given and never told.
    pub(super) async fn catch_up(&mut self) -> Vec<Act> {
        let Some(node) = self
            .session
            .here()
            .map(|here| here.node)
            .filter(|_| self.link.is_some())
        else {
            return Vec::new();
        };
        let store = self.hub.0.setup.store.clone();
        let held = ListJobs {
            owner: None,
            kind: None,
            node: Some(node.to_string()),
            states: leased(),
            before: None,
            limit: HELD,
        };
        let Ok(page) = store.ask(held).await else {
            return Vec::new();
        };
        let mut acts = Vec::new();
        for kept in page.jobs {
            let Ok(record) = serde_json::from_slice::<Record>(&kept.record) else {
                continue;
            };
            let (job, fence) = (record.job.id, record.job.fence);
            let State::Leased(lease) = record.job.state else {
                continue;
            };
            if lease.node == node && !self.session.runs(job, fence) {
                let told = Told::Run {
                    job,
                    fence,
                    until: lease.until,
                    deadline: lease.deadline,
                };
                acts.extend(self.told(told).await);
            }
        }
        acts
    }

    /// What the dispatcher tells.
    pub(super) async fn told(&mut self, told: Told) -> Vec<Act> {
        let now = self.hub.0.now();
        match told {
            Told::Offer { job, fence, until } => {
                let work = self.work(job).await;
                let acts = self.session.offered(job, fence, until, work.as_ref(), now);
                // What is offered is taken, as a rule: it is not read twice.
                if let Some(work) = work
                    && self.offered.len() < HELD as usize
                {
                    self.offered.insert(job, work);
                }
                acts
            }
            Told::Withdraw { job, fence } => {
                self.offered.remove(&job);
                self.session.withdrawn(job, fence)
            }
            Told::Run {
                job,
                fence,
                until,
                deadline,
            } => {
                // It was told already, by what was kept.
                if self.session.runs(job, fence) {
                    return Vec::new();
                }
                let work = match self.offered.remove(&job) {
                    Some(work) => Some(work),
                    None => self.work(job).await,
                };
                self.session
                    .given(job, fence, until, deadline, work.as_ref())
            }
            Told::Stop { job, fence } => {
                self.hub.logs().end(job);
                self.session.stopped(job, fence, now)
            }
        }
    }

    async fn work(&self, job: JobId) -> Option<Work> {
        let setup = &self.hub.0.setup;
        match Work::read(setup.store.as_ref(), &setup.catalog, job).await {
            Ok(work) => work,
            Err(error) => {
                tracing::warn!("job {job} cannot be read, and is sent to no host now: {error}");
                None
            }
        }
    }
}

/// What hosts of a dialect may be sent.
fn runs(dialect: Dialect) -> Runs {
    match dialect {
        Dialect::Aware => Runs::Free,
        dialect if dialect.fakes_results() => Runs::Named,
        _ => Runs::Manifests,
    }
}

fn leased() -> JobStates {
    let lease = State::Leased(crate::job::Lease {
        node: NodeId::uuid(0),
        ask: 0,
        since: 0,
        until: 0,
        deadline: 0,
        manner: Manner::Renewed,
    });
    JobStates::default().with(code(&lease))
}
