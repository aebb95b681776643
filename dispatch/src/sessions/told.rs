//! What the dispatcher tells a node, as frames.

use hypernode_state::UnixMs;
use hypernode_wire::{Offer, Outbound};

use super::act::{Act, End};
use super::session::{Run, Session};
use super::work::Work;
use crate::ids::JobId;
use crate::job::{Fault, Outcome};
use crate::outcome::Kept;

impl Session {
    /// The dispatcher asks whether the host takes a job. `work`: what it is about; none where it cannot be told.
    pub fn offered(
        &mut self,
        job: JobId,
        fence: u32,
        until: UnixMs,
        work: Option<&Work>,
        now: UnixMs,
    ) -> Vec<Act> {
        let Some(here) = self.here_mut() else {
            return vec![Act::Reject(job, fence)];
        };
        let Some(work) = work.filter(|_| here.dialect.takes_offers() && !here.draining) else {
            return vec![Act::Reject(job, fence)];
        };
        here.offers.insert(job, (fence, now));
        let left = until.saturating_sub(now).clamp(0, i64::from(u32::MAX));
        vec![Act::Send(Outbound::Offer(Offer {
            job: job.to_string(),
            fence,
            expires_in_ms: left.try_into().unwrap_or(0),
            summary: work.summary(),
        }))]
    }

    /// The offer no longer stands.
    pub fn withdrawn(&mut self, job: JobId, fence: u32) -> Vec<Act> {
        let Some(here) = self.here_mut() else {
            return Vec::new();
        };
        match here.offers.get(&job) {
            Some((offered, _)) if *offered == fence => {
                here.offers.remove(&job);
                self.too_late(job)
            }
            _ => Vec::new(),
        }
    }

    /// The job is the host's own.
    pub fn given(
        &mut self,
        job: JobId,
        fence: u32,
        until: UnixMs,
        deadline: UnixMs,
        work: Option<&Work>,
    ) -> Vec<Act> {
        let Some(here) = self.here_mut() else {
            return vec![not_run(job, fence, "the host is not here")];
        };
        let Some(work) = work else {
            return vec![not_run(job, fence, "what the job is cannot be told")];
        };
        let paid = work.is_paid();
        if paid && here.dialect.fakes_results() {
            return vec![not_run(
                job,
                fence,
                "a program that runs nothing gets nothing that is paid",
            )];
        }
        let Some(frame) = work.frame(job, fence, until, deadline, here.dialect) else {
            return vec![not_run(
                job,
                fence,
                "hosts of this dialect run manifests only",
            )];
        };
        here.runs.insert(
            job,
            Run {
                fence,
                until,
                deadline,
                paid,
            },
        );
        here.last_sent = Some(job);
        vec![Act::Send(frame)]
    }

    /// The job is no longer the host's.
    pub fn stopped(&mut self, job: JobId, fence: u32, now: UnixMs) -> Vec<Act> {
        let Some(here) = self.here_mut() else {
            return Vec::new();
        };
        let Some(run) = here
            .runs
            .get(&job)
            .copied()
            .filter(|run| run.fence == fence)
        else {
            return Vec::new();
        };
        here.runs.remove(&job);
        let mut acts = Vec::new();
        // Whoever lets the time pass has accepted and not run.
        if now >= run.until.min(run.deadline) {
            acts.push(Act::Lapsed);
        }
        // Programs that know no such frame go on, and what they say of it is stale.
        if here.dialect.can_cancel() {
            acts.push(Act::Send(Outbound::JobCancel {
                job: job.to_string(),
            }));
        }
        acts
    }
}

/// What was given and cannot be sent goes to another host, without blame.
fn not_run(job: JobId, fence: u32, why: &str) -> Act {
    let kept = Kept {
        error: Some(why.to_owned()),
        ..Kept::default()
    };
    Act::End(Box::new(End {
        job,
        fence: Some(fence),
        outcome: Outcome::Failed(Fault::Passing),
        kept,
        answered: false,
    }))
}
