//! Jobs that are looked at: one, some, how many.

use hypernode_state::credits::{Earned, Earner};
use hypernode_state::jobs::{CountJobs, GetJob, JobPage, JobStates, JobWhole, ListJobs};
use hypernode_state::{Address, StoreExt, limits};

use super::{Desk, DeskError, JobView};
use crate::ids::JobId;
use crate::nodes::NodeView;
use crate::service::{ELSEWHERE, states, states_anywhere};

/// Bytes of contents and outcomes that one list reads: a list of large jobs is a short one.
const LIST_BYTES: usize = 4 << 20;
/// Lists that are made at a time.
pub(super) const LISTS: usize = 8;
/// Nodes of a wallet whose jobs are looked through, the newest of them.
const MOST_NODES: usize = 64;

/// Which jobs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobsAsked {
    /// Of this wallet: all of its jobs. Of all wallets together those are left out that others have on chain: they are no
    /// business of this dispatcher's, and there may be any number of them.
    pub owner: Option<Address>,
    /// With this status word; one that is no status word finds nothing.
    pub status: Option<String>,
    /// Of this type.
    pub kind: Option<String>,
    /// Only numbers less than this.
    pub before: Option<u64>,
    /// At most so many, 1 to 500.
    pub limit: u32,
}

/// Some of the jobs that fit, newest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JobsFound {
    /// The jobs.
    pub jobs: Vec<JobView>,
    /// What `before` must be to go on; `None` where that would find nothing.
    pub next: Option<u64>,
}

/// How many jobs there are of this dispatcher's, by the words of the old Backend, and what those that were completed cost
/// together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// In each of `pending`, `queued`, `running`, `completed`, `failed`, `cancelled`.
    pub counts: [u64; 6],
    /// Raw HYPER.
    pub cost: u64,
    /// Jobs that others have on chain, or had: counted in none of the others.
    pub elsewhere: u64,
}

/// The status words of the old Backend.
pub const STATUSES: [&str; 6] = [
    "pending",
    "queued",
    "running",
    "completed",
    "failed",
    "cancelled",
];

impl Desk {
    /// One job.
    ///
    /// # Errors
    /// [`DeskError::UnknownJob`], or the store's.
    pub async fn job(&self, id: &str) -> Result<JobView, DeskError> {
        let id: JobId = id.parse().map_err(|_| DeskError::UnknownJob)?;
        JobView::of(self.whole(id).await?)
    }

    pub(super) async fn whole(&self, id: JobId) -> Result<JobWhole, DeskError> {
        let id = id.to_string();
        let whole = self.store.ask(GetJob {
            id,
            content: true,
            outcome: true,
        });
        whole.await?.ok_or(DeskError::UnknownJob)
    }

    /// Some jobs, newest first. A page may hold fewer than there are: [`JobsFound::next`] says where to go on.
    ///
    /// # Errors
    /// The store's.
    pub async fn jobs(&self, asked: &JobsAsked) -> Result<JobsFound, DeskError> {
        let status = asked.status.as_deref();
        let found = match (status, asked.owner) {
            (None, Some(_)) => Some(JobStates::ALL),
            (None, None) => Some(JobStates(JobStates::ALL.0 & !ELSEWHERE.0)),
            (Some(word), Some(_)) => states_anywhere(word),
            (Some(word), None) => states(word),
        };
        let Some(states) = found else {
            return Ok(JobsFound::default());
        };
        // What is longer than any kind is none.
        if asked
            .kind
            .as_ref()
            .is_some_and(|kind| kind.len() > limits::KIND || kind.is_empty())
        {
            return Ok(JobsFound::default());
        }
        let _turn = self.lists.acquire().await.map_err(|_| DeskError::Away)?;
        let page = self.store.ask(ListJobs {
            owner: asked.owner,
            kind: asked.kind.clone(),
            node: None,
            states,
            before: asked.before,
            limit: asked.limit.clamp(1, limits::PAGE),
        });
        let JobPage { jobs, next } = page.await?;
        let mut found = JobsFound {
            jobs: Vec::with_capacity(jobs.len()),
            next,
        };
        let mut bytes = 0;
        for job in jobs {
            let whole = self.store.ask(GetJob {
                id: job.id,
                content: true,
                outcome: true,
            });
            // One that was removed meanwhile is not there.
            let Some(whole) = whole.await? else { continue };
            bytes += whole.content.as_ref().map_or(0, Vec::len);
            bytes += whole.outcome.as_ref().map_or(0, Vec::len);
            let number = whole.job.number;
            found.jobs.push(JobView::of(whole)?);
            if bytes > LIST_BYTES {
                found.next = Some(number);
                break;
            }
        }
        Ok(found)
    }

    /// The newest jobs that nodes of `wallet` have or had, newest first, without contents; at most `limit`.
    ///
    /// # Errors
    /// The store's.
    pub async fn jobs_of_nodes(
        &self,
        wallet: Address,
        limit: u32,
    ) -> Result<Vec<JobView>, DeskError> {
        let mut nodes: Vec<NodeView> = self.nodes.of_wallet(wallet);
        nodes.reverse();
        nodes.truncate(MOST_NODES);
        let _turn = self.lists.acquire().await.map_err(|_| DeskError::Away)?;
        let mut jobs = Vec::new();
        for name in nodes.iter().flat_map(|view| view.node.names()) {
            let page = self.store.ask(ListJobs {
                owner: None,
                kind: None,
                node: Some(name.to_string()),
                states: JobStates::ALL,
                before: None,
                limit: limit.clamp(1, limits::PAGE),
            });
            jobs.extend(page.await?.jobs);
        }
        jobs.sort_by_key(|job| std::cmp::Reverse(job.number));
        jobs.truncate(limit as usize);
        let bare = |job| JobWhole {
            job,
            content: None,
            outcome: None,
        };
        jobs.into_iter().map(|job| JobView::of(bare(job))).collect()
    }

    /// How many jobs there are, of one wallet or of all.
    ///
    /// # Errors
    /// The store's.
    pub async fn summary(&self) -> Result<Summary, DeskError> {
        let counted = self.store.ask(CountJobs { owner: None }).await?;
        let counts = STATUSES.map(|word| states(word).map_or(0, |states| counted.of(states)));
        let cost = self.store.ask(Earned { by: Earner::All }).await?.cost;
        Ok(Summary {
            counts,
            cost,
            elsewhere: counted.of(ELSEWHERE),
        })
    }
}
