//! A store as plain maps: what every implementation is compared with. Written from the documentation of the operations.

mod accounts;
mod idempotency;
mod leases;
mod outbox;
mod tasks;

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
        })
    }
}

/// The first so many.
pub(crate) fn few<T>(all: impl Iterator<Item = T>, limit: u32) -> Vec<T> {
    all.take(limit as usize).collect()
}
