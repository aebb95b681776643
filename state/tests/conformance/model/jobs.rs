//! Jobs as a list.

use hypernode_state::jobs::{
    JobAnswer, JobCounts, JobOp, JobPage, JobQuery, JobRecord, JobRefusal, JobReply, JobWhole,
    JobsTrim,
};

use super::{Stop, few};

#[derive(Debug, Clone)]
struct Kept {
    job: JobRecord,
    content: Vec<u8>,
    outcome: Option<Vec<u8>>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Jobs {
    last: u64,
    /// By number.
    jobs: Vec<Kept>,
}

impl Jobs {
    fn known(&mut self, id: &str) -> Result<&mut Kept, Stop> {
        let found = self.jobs.iter_mut().find(|kept| kept.job.id == id);
        found.ok_or_else(|| JobRefusal::Unknown { id: id.to_owned() }.into())
    }

    fn at_version(&mut self, id: &str, given: u64) -> Result<&mut Kept, Stop> {
        let kept = self.known(id)?;
        if kept.job.version != given {
            let (id, current) = (id.to_owned(), kept.job.version);
            return Err(JobRefusal::Stale { id, given, current }.into());
        }
        Ok(kept)
    }

    /// All but [`JobOp::JobsTrim`], which other areas have a say in.
    pub(crate) fn run(&mut self, op: &JobOp) -> Result<JobReply, Stop> {
        Ok(match op {
            JobOp::JobInsert(op) => {
                if self.known(&op.id).is_ok() {
                    return Err(JobRefusal::Exists { id: op.id.clone() }.into());
                }
                self.last += 1;
                let job = JobRecord {
                    number: self.last,
                    id: op.id.clone(),
                    owner: op.owner,
                    kind: op.kind.clone(),
                    state: op.state,
                    open: op.open,
                    node: op.node.clone(),
                    due: op.due,
                    awaits_content: op.awaits_content,
                    version: 1,
                    created_at: op.at,
                    changed_at: op.at,
                    record: op.record.clone(),
                };
                let content = op.content.clone();
                self.jobs.push(Kept {
                    job,
                    content,
                    outcome: None,
                });
                JobReply::JobInsert(self.last)
            }
            JobOp::JobPut(op) => {
                let kept = self.at_version(&op.id, op.version)?;
                kept.job = JobRecord {
                    state: op.state,
                    open: op.open,
                    node: op.node.clone(),
                    due: op.due,
                    version: op.version + 1,
                    changed_at: op.at,
                    record: op.record.clone(),
                    ..kept.job.clone()
                };
                JobReply::JobPut(op.version + 1)
            }
            JobOp::JobContent(op) => {
                let kept = self.at_version(&op.id, op.version)?;
                if !kept.job.awaits_content || !kept.job.open {
                    return Err(JobRefusal::NotAwaited { id: op.id.clone() }.into());
                }
                kept.job.awaits_content = false;
                kept.content.clone_from(&op.content);
                JobReply::JobContent(())
            }
            JobOp::JobOutcome(op) => {
                self.known(&op.id)?.outcome = Some(op.outcome.clone());
                JobReply::JobOutcome(())
            }
            JobOp::JobsTrim(_) => unreachable!("the whole model does it"),
        })
    }

    /// Removes jobs that nothing holds back; their ids.
    pub(crate) fn trim(&mut self, op: &JobsTrim, held: impl Fn(&str) -> bool) -> Vec<String> {
        let over = self.jobs.iter().map(|kept| &kept.job).filter(|job| {
            !job.open && op.states.has(job.state) && job.changed_at <= op.before && !held(&job.id)
        });
        let mut over: Vec<_> = over
            .map(|job| (job.state, job.changed_at, job.number, job.id.clone()))
            .collect();
        over.sort();
        let ids = few(over.into_iter().map(|(.., id)| id), op.limit);
        self.jobs.retain(|kept| !ids.contains(&kept.job.id));
        ids
    }

    pub(crate) fn ask(&self, query: &JobQuery) -> JobAnswer {
        let all = || self.jobs.iter().map(|kept| &kept.job);
        match query {
            JobQuery::GetJob(query) => {
                let found = self.jobs.iter().find(|kept| kept.job.id == query.id);
                JobAnswer::GetJob(found.cloned().map(|kept| JobWhole {
                    job: kept.job,
                    content: Some(kept.content).filter(|_| query.content),
                    outcome: kept.outcome.filter(|_| query.outcome),
                }))
            }
            JobQuery::ListJobs(query) => {
                let fits = all().rev().filter(|job| {
                    query.owner.is_none_or(|owner| job.owner == owner)
                        && query.kind.as_ref().is_none_or(|kind| job.kind == *kind)
                        && (query.node.is_none() || job.node == query.node)
                        && query.states.has(job.state)
                        && query.before.is_none_or(|before| job.number < before)
                });
                let jobs = few(fits.cloned(), query.limit);
                let full = jobs.len() == query.limit as usize;
                let next = jobs.last().map(|job| job.number).filter(|_| full);
                JobAnswer::ListJobs(JobPage { jobs, next })
            }
            JobQuery::OpenJobs(query) => {
                let open = all().filter(|job| job.open && job.number > query.after);
                JobAnswer::OpenJobs(few(open.cloned(), query.limit))
            }
            JobQuery::CountJobs(query) => {
                let mut counts = JobCounts::default();
                for job in all().filter(|job| query.owner.is_none_or(|owner| job.owner == owner)) {
                    counts.0[usize::from(job.state)] += 1;
                }
                JobAnswer::CountJobs(counts)
            }
        }
    }
}
