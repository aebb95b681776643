//! A store as plain maps: what every implementation is compared with. Written from the documentation of the operations.

mod accounts;
mod budgets;
mod credits;
mod cursors;
mod idempotency;
mod jobs;
mod leases;
mod nodes;
mod outbox;
mod receipts;
mod sends;
mod tasks;

use hypernode_state::jobs::{JobOp, JobReply};
use hypernode_state::{Answer, Op, Query, Refusal, Reply, StoreError, Unit, UnixMs};

/// A refused operation; a stale fence is noted once the unit is undone.
pub(crate) enum Stop {
    Refused(Refusal),
    Stale {
        why: Refusal,
        id: String,
        fence: u64,
        at: UnixMs,
    },
}

impl<R: Into<Refusal>> From<R> for Stop {
    fn from(why: R) -> Self {
        Self::Refused(why.into())
    }
}

/// The whole store.
#[derive(Debug, Clone, Default)]
pub(crate) struct Model {
    tasks: tasks::Tasks,
    outbox: outbox::Outbox,
    idempotency: idempotency::Keys,
    leases: leases::Leases,
    accounts: accounts::Accounts,
    jobs: jobs::Jobs,
    credits: credits::Credits,
    budgets: budgets::Budgets,
    nodes: nodes::Nodes,
    receipts: receipts::Receipts,
    cursors: cursors::Cursors,
    sends: sends::Sends,
}

impl Model {
    /// Carries a unit out, as `Store::apply` does.
    pub(crate) fn apply(&mut self, unit: &Unit) -> Result<Vec<Reply>, StoreError> {
        unit.check()?;
        let before = self.clone();
        self.idempotency.begin_unit();
        let mut replies = Vec::new();
        for (index, op) in unit.ops().iter().enumerate() {
            match self.run(op) {
                Ok(reply) => replies.push(reply),
                Err(stop) => {
                    *self = before;
                    let why = match stop {
                        Stop::Refused(why) => why,
                        Stop::Stale { why, id, fence, at } => {
                            self.tasks.note_stale(&id, fence, at);
                            why
                        }
                    };
                    return Err(StoreError::Refused { index, why });
                }
            }
        }
        Ok(replies)
    }

    fn run(&mut self, op: &Op) -> Result<Reply, Stop> {
        match op {
            Op::Task(op) => self.tasks.run(op).map(Reply::Task),
            Op::Outbox(op) => self.outbox.run(op).map(Reply::Outbox),
            Op::Idempotency(op) => self.idempotency.run(op).map(Reply::Idempotency),
            Op::Lease(op) => self.leases.run(op).map(Reply::Lease),
            Op::Account(op) => self.accounts.run(op).map(Reply::Account),
            Op::Job(JobOp::JobsTrim(op)) => {
                let (credits, budgets) = (&self.credits, &self.budgets);
                let held = |id: &str| credits.younger(id, op.before) || budgets.open(id);
                let gone = self.jobs.trim(op, held);
                for id in &gone {
                    self.budgets.forget(id);
                    self.receipts.forget(id);
                }
                Ok(Reply::Job(JobReply::JobsTrim(gone.len() as u64)))
            }
            Op::Job(op) => self.jobs.run(op).map(Reply::Job),
            Op::Credit(op) => self.credits.run(op).map(Reply::Credit),
            Op::Budget(op) => self.budgets.run(op).map(Reply::Budget),
            Op::Node(op) => self.nodes.run(op).map(Reply::Node),
            Op::Receipt(op) => self.receipts.run(op).map(Reply::Receipt),
            Op::Cursor(op) => self.cursors.run(op).map(Reply::Cursor),
            Op::Send(op) => self.sends.run(op).map(Reply::Send),
        }
    }

    /// Answers, as `Store::read` does.
    pub(crate) fn read(&self, query: &Query) -> Result<Answer, StoreError> {
        query.check()?;
        Ok(match query {
            Query::Task(query) => Answer::Task(self.tasks.ask(query)),
            Query::Outbox(query) => Answer::Outbox(self.outbox.ask(query)),
            Query::Idempotency(query) => Answer::Idempotency(self.idempotency.ask(query)),
            Query::Lease(query) => Answer::Lease(self.leases.ask(query)),
            Query::Account(query) => Answer::Account(self.accounts.ask(query)),
            Query::Job(query) => Answer::Job(self.jobs.ask(query)),
            Query::Credit(query) => Answer::Credit(self.credits.ask(query)),
            Query::Budget(query) => Answer::Budget(self.budgets.ask(query)),
            Query::Node(query) => Answer::Node(self.nodes.ask(query)),
            Query::Receipt(query) => Answer::Receipt(self.receipts.ask(query)),
            Query::Cursor(query) => Answer::Cursor(self.cursors.ask(query)),
            Query::Send(query) => Answer::Send(self.sends.ask(query)),
        })
    }
}

/// The first so many.
pub(crate) fn few<T>(all: impl Iterator<Item = T>, limit: u32) -> Vec<T> {
    all.take(limit as usize).collect()
}
