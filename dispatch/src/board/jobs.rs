//! Jobs that come, change and end.

use std::sync::Arc;

use hypernode_state::{Digest, UnixMs};
use serde::{Deserialize, Serialize};

use super::input::Submission;
use super::owners::Turn;
use super::{Board, Denied, Step};
use crate::ids::{JobId, NodeId};
use crate::job::{Effect, Event, Job, State};
use crate::matching::Needs;
use crate::queue::{ClassId, Entry, Ticket};

/// A job as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// What changes.
    pub job: Job,
    /// What does not.
    pub spec: Arc<Spec>,
}

/// What was submitted, as far as matching depends on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// Its number in the order of submissions.
    pub ticket: Ticket,
    /// What it needs of a machine.
    pub needs: Needs,
    /// Hash of what was submitted.
    pub content: crate::matching::receipt::Hex,
    /// The submitter's nonce for the draw.
    pub nonce: Vec<u8>,
    /// The API key that its budget was counted against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// A job that has not ended.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) record: Record,
    pub(super) class: ClassId,
    /// All nodes that would fit are excluded until then.
    pub(super) aside: Option<UnixMs>,
}

impl Board {
    pub(super) fn submit(
        &mut self,
        submission: Submission,
        at: UnixMs,
        out: &mut Step,
    ) -> Result<(), Denied> {
        let (id, terms) = (submission.id, submission.terms);
        if self.open.contains_key(&id) {
            return Err(Denied::KnownJob);
        }
        if let Some(most) = self.owners.full(terms.owner) {
            return Err(Denied::TooManyOpen(most));
        }
        let job = match submission.waits {
            true => Job::waiting(id, terms, &self.config.rules),
            false => Job::queued(id, terms),
        };
        self.last += 1;
        let Digest(content) = submission.content;
        let mut needs = submission.needs.exact();
        if needs.min_reputation == 0 && needs.owner.is_none() {
            needs.min_reputation = self.config.min_reputation;
        }
        let spec = Arc::new(Spec {
            ticket: self.last,
            needs,
            content: crate::matching::receipt::Hex(content),
            nonce: submission.nonce,
            key: submission.key,
        });
        let record = Record { job, spec };
        out.keep(record.clone());
        self.admit(record, at);
        Ok(())
    }

    /// The input of a waiting job came, and with it what the job needs.
    pub(super) fn arrived(
        &mut self,
        id: JobId,
        needs: Needs,
        at: UnixMs,
        out: &mut Step,
    ) -> Result<(), Denied> {
        let open = self.open.get_mut(&id).ok_or(Denied::UnknownJob)?;
        open.record
            .job
            .clone()
            .apply(&Event::Input, at, &self.config.rules)?;
        let class = self.classes.enter(&needs, &self.pool);
        self.classes
            .leave(std::mem::replace(&mut open.class, class));
        let spec = Spec::clone(&open.record.spec);
        open.record.spec = Arc::new(Spec { needs, ..spec });
        self.apply(id, Event::Input, at, out)
    }

    /// Carries `event` to a job that has ended, as it was kept: it may be open again then.
    pub(super) fn again(
        &mut self,
        mut record: Record,
        event: &Event,
        at: UnixMs,
        out: &mut Step,
    ) -> Result<(), Denied> {
        if self.open.contains_key(&record.job.id) {
            return Err(Denied::KnownJob);
        }
        record.job.apply(event, at, &self.config.rules)?;
        let is_open = !record.job.is_over();
        if let Some(most) = self.owners.full(record.job.terms.owner).filter(|_| is_open) {
            return Err(Denied::TooManyOpen(most));
        }
        // What was left of its budget went back to the key when it ended, and is not counted against it again.
        Arc::make_mut(&mut record.spec).key = None;
        out.keep(record.clone());
        if is_open {
            self.admit(record, at);
        }
        Ok(())
    }

    /// Takes an open job in, wherever it stands.
    pub(super) fn admit(&mut self, record: Record, at: UnixMs) {
        let (id, owner) = (record.job.id, record.job.terms.owner);
        self.last = self.last.max(record.spec.ticket);
        self.tickets.insert(record.spec.ticket, id);
        self.owners.opened(owner, record.job.reserved());
        let class = self.classes.enter(&record.spec.needs, &self.pool);
        let holder = record.job.holder();
        let open = Open {
            record,
            class,
            aside: None,
        };
        self.open.insert(id, open);
        if let Some(node) = holder {
            self.hold(id, node);
        }
        self.place(id, at);
    }

    /// Carries `event` to the job, and what follows from it to everything else.
    pub(super) fn apply(
        &mut self,
        id: JobId,
        event: Event,
        at: UnixMs,
        out: &mut Step,
    ) -> Result<(), Denied> {
        let open = self.open.get_mut(&id).ok_or(Denied::UnknownJob)?;
        let before = open.record.job.holder();
        let effects = open.record.job.apply(&event, at, &self.config.rules)?;
        let after = open.record.job.holder();
        out.keep(open.record.clone());
        self.step_back(id);
        if before != after {
            if let Some(node) = before {
                self.let_go(id, node, at);
            }
            if let Some(node) = after {
                self.hold(id, node);
            }
        }
        for effect in effects {
            self.count(&effect);
            out.effects.push((id, effect));
        }
        if let Event::Ended { node, .. } = event
            && let Some(Open { record, .. }) = self.open.get(&id)
            && matches!(record.job.state, State::Completed { .. })
        {
            self.pool.change(node, |facts| {
                facts.completed = facts.completed.saturating_add(1);
            });
        }
        self.place(id, at);
        Ok(())
    }

    /// What an effect says about a node.
    fn count(&mut self, effect: &Effect) {
        if let Effect::Missed { node, fault, .. } = effect
            && fault.is_of_node()
        {
            self.pool.change(*node, |facts| {
                facts.failed = facts.failed.saturating_add(1);
            });
        }
    }

    fn hold(&mut self, id: JobId, node: NodeId) {
        let holder = self.nodes.entry(node).or_default();
        holder.jobs.insert(id);
        let running = holder.jobs.len().try_into().unwrap_or(u16::MAX);
        self.pool.set_running(node, running);
        if let Some(owner) = self.open.get(&id).map(|open| open.record.job.terms.owner)
            && self.owners.started(owner) == Turn::Hold
        {
            self.queue.hold(owner);
        }
    }

    fn let_go(&mut self, id: JobId, node: NodeId, at: UnixMs) {
        if let Some(holder) = self.nodes.get_mut(&node) {
            holder.jobs.remove(&id);
            let running = holder.jobs.len().try_into().unwrap_or(u16::MAX);
            self.pool.set_running(node, running);
            self.freed(node, at);
        }
        if let Some(owner) = self.open.get(&id).map(|open| open.record.job.terms.owner)
            && self.owners.stopped(owner) == Turn::Release
        {
            self.queue.release(owner);
            self.classes.wake_all();
        }
    }

    /// Puts the job where its state says: into the queue, to a timer, or away.
    pub(super) fn place(&mut self, id: JobId, at: UnixMs) {
        let Some(open) = self.open.get(&id) else {
            return;
        };
        let (job, ticket) = (&open.record.job, open.record.spec.ticket);
        if job.is_over() {
            self.close(id);
            return;
        }
        let due = job.due(&self.config.rules);
        let State::Queued { not_before } = job.state else {
            self.queue.remove(ticket);
            self.timers.set(id, due);
            return;
        };
        let pause = not_before.max(open.aside.unwrap_or(i64::MIN));
        if pause > at {
            self.queue.remove(ticket);
            self.timers.set(id, due.map(|due| due.min(pause)));
            return;
        }
        self.queue.push(&Entry {
            ticket,
            class: open.class,
            owner: job.terms.owner,
            priority: job.terms.priority,
            since: job.queued_at,
        });
        self.classes.wake_for_job(open.class);
        self.timers.set(id, due);
    }

    fn close(&mut self, id: JobId) {
        self.step_back(id);
        self.timers.set(id, None);
        if let Some(open) = self.open.remove(&id) {
            let (terms, ticket) = (open.record.job.terms, open.record.spec.ticket);
            self.queue.remove(ticket);
            self.tickets.remove(&ticket);
            self.classes.leave(open.class);
            self.owners.closed(terms.owner, terms.pay.reserved());
        }
    }

    /// A timer of the job has run out.
    pub(super) fn due(&mut self, id: JobId, at: UnixMs, out: &mut Step) {
        let rules = self.config.rules;
        let Some(open) = self.open.get_mut(&id) else {
            return;
        };
        let over = open.record.job.due(&rules).is_some_and(|due| due <= at);
        if over && self.apply(id, Event::Tick, at, out).is_ok() {
            return;
        }
        let aside = self.open.get(&id).and_then(|open| open.aside);
        if aside.is_some_and(|aside| aside <= at) {
            self.step_back(id);
        }
        self.place(id, at);
    }

    /// The sum of what is set aside for an owner's open jobs, in raw HYPER.
    pub fn reserved(&self, owner: hypernode_state::Address) -> u128 {
        self.owners.reserved(owner)
    }
}
