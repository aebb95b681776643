//! Units of change and what they answer.

use std::marker::PhantomData;

use crate::accounts::{AccountAnswer, AccountOp, AccountQuery, AccountReply};
use crate::budgets::{BudgetAnswer, BudgetOp, BudgetQuery, BudgetReply};
use crate::credits::{CreditAnswer, CreditOp, CreditQuery, CreditReply};
use crate::cursors::{CursorAnswer, CursorOp, CursorQuery, CursorReply};
use crate::error::StoreError;
use crate::idempotency::{IdempotencyAnswer, IdempotencyOp, IdempotencyQuery, IdempotencyReply};
use crate::jobs::{JobAnswer, JobOp, JobQuery, JobReply};
use crate::leases::{LeaseAnswer, LeaseOp, LeaseQuery, LeaseReply};
use crate::limits::{self, Bounded, Check};
use crate::nodes::{NodeAnswer, NodeOp, NodeQuery, NodeReply};
use crate::outbox::{OutboxAnswer, OutboxOp, OutboxQuery, OutboxReply};
use crate::receipts::{ReceiptAnswer, ReceiptOp, ReceiptQuery, ReceiptReply};
use crate::sends::{SendAnswer, SendOp, SendQuery, SendReply};
use crate::tasks::{TaskAnswer, TaskOp, TaskQuery, TaskReply};

macro_rules! areas {
    ($(#[$doc:meta])* $name:ident { $($area:ident($inner:ident),)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum $name {
            $(#[doc = concat!("See [`", stringify!($inner), "`].")] $area($inner),)+
        }
    };
}

areas!(
    /// One change with its precondition.
    Op {
        Task(TaskOp),
        Outbox(OutboxOp),
        Idempotency(IdempotencyOp),
        Lease(LeaseOp),
        Account(AccountOp),
        Job(JobOp),
        Credit(CreditOp),
        Budget(BudgetOp),
        Node(NodeOp),
        Receipt(ReceiptOp),
        Cursor(CursorOp),
        Send(SendOp),
    }
);
areas!(
    /// What an operation answers once its unit is on disk.
    Reply {
        Task(TaskReply),
        Outbox(OutboxReply),
        Idempotency(IdempotencyReply),
        Lease(LeaseReply),
        Account(AccountReply),
        Job(JobReply),
        Credit(CreditReply),
        Budget(BudgetReply),
        Node(NodeReply),
        Receipt(ReceiptReply),
        Cursor(CursorReply),
        Send(SendReply),
    }
);
areas!(
    /// A question; answered from what is committed.
    Query {
        Task(TaskQuery),
        Outbox(OutboxQuery),
        Idempotency(IdempotencyQuery),
        Lease(LeaseQuery),
        Account(AccountQuery),
        Job(JobQuery),
        Credit(CreditQuery),
        Budget(BudgetQuery),
        Node(NodeQuery),
        Receipt(ReceiptQuery),
        Cursor(CursorQuery),
        Send(SendQuery),
    }
);
areas!(
    /// The answer to a query.
    Answer {
        Task(TaskAnswer),
        Outbox(OutboxAnswer),
        Idempotency(IdempotencyAnswer),
        Lease(LeaseAnswer),
        Account(AccountAnswer),
        Job(JobAnswer),
        Credit(CreditAnswer),
        Budget(BudgetAnswer),
        Node(NodeAnswer),
        Receipt(ReceiptAnswer),
        Cursor(CursorAnswer),
        Send(SendAnswer),
    }
);

impl Bounded for Op {
    fn check(&self, check: &mut Check) -> limits::Checked {
        match self {
            Self::Task(op) => op.check(check),
            Self::Outbox(op) => op.check(check),
            Self::Idempotency(op) => op.check(check),
            Self::Lease(op) => op.check(check),
            Self::Account(op) => op.check(check),
            Self::Job(op) => op.check(check),
            Self::Credit(op) => op.check(check),
            Self::Budget(op) => op.check(check),
            Self::Node(op) => op.check(check),
            Self::Receipt(op) => op.check(check),
            Self::Cursor(op) => op.check(check),
            Self::Send(op) => op.check(check),
        }
    }
}

impl Query {
    /// What every implementation checks first.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for an argument out of range.
    pub fn check(&self) -> Result<(), StoreError> {
        let check = &mut Check::at(0);
        match self {
            Self::Task(query) => query.check(check),
            Self::Outbox(query) => query.check(check),
            Self::Idempotency(query) => query.check(check),
            Self::Lease(query) => query.check(check),
            Self::Account(query) => query.check(check),
            Self::Job(query) => query.check(check),
            Self::Credit(query) => query.check(check),
            Self::Budget(query) => query.check(check),
            Self::Node(query) => query.check(check),
            Self::Receipt(query) => query.check(check),
            Self::Cursor(query) => query.check(check),
            Self::Send(query) => query.check(check),
        }
    }
}

/// An operation whose reply has a type.
pub trait TypedOp: Into<Op> {
    /// What it answers.
    type Reply;

    /// Its reply out of the reply of any operation; `None` if it is another operation's.
    fn reply(reply: Reply) -> Option<Self::Reply>;
}

/// A query whose answer has a type.
pub trait TypedQuery: Into<Query> {
    /// What it answers.
    type Answer;

    /// Its answer out of the answer to any query; `None` if it is another query's.
    fn answer(answer: Answer) -> Option<Self::Answer>;
}

/// Where in a unit's replies the reply of one operation is.
#[derive(Debug)]
pub struct Slot<O> {
    index: usize,
    of: PhantomData<fn() -> O>,
}

// Derived, these would ask the same of the operation.
impl<O> Clone for Slot<O> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<O> Copy for Slot<O> {}

impl<O> Slot<O> {
    /// The operation's place in its unit, as [`StoreError::Refused`] names it.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }
}

/// Operations that happen in this order, all or not at all. 1 to [`limits::OPS`] of them, [`limits::UNIT`] bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unit {
    ops: Vec<Op>,
}

impl Unit {
    /// Without operations yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an operation; the slot finds its reply.
    pub fn push<O: TypedOp>(&mut self, op: O) -> Slot<O> {
        let index = self.ops.len();
        self.ops.push(op.into());
        Slot {
            index,
            of: PhantomData,
        }
    }

    /// Adds an operation whose reply nobody asks for.
    pub fn add(&mut self, op: impl Into<Op>) {
        self.ops.push(op.into());
    }

    /// The operations in order.
    #[must_use]
    pub fn ops(&self) -> &[Op] {
        &self.ops
    }

    /// What every implementation checks first; how many bytes the unit holds.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for an argument, a number of operations or a size out of range.
    pub fn check(&self) -> Result<usize, StoreError> {
        if self.ops.is_empty() || self.ops.len() > limits::OPS {
            return Err(StoreError::Invalid {
                index: 0,
                field: "unit",
                must: format!("have 1 to {} operations", limits::OPS),
            });
        }
        let mut bytes = 0;
        for (index, op) in self.ops.iter().enumerate() {
            let mut check = Check::at(index);
            op.check(&mut check)?;
            bytes += check.bytes() + size_of::<Op>();
        }
        if bytes > limits::UNIT {
            return Err(StoreError::Invalid {
                index: 0,
                field: "unit",
                must: format!("be at most {} bytes", limits::UNIT),
            });
        }
        Ok(bytes)
    }
}

impl FromIterator<Op> for Unit {
    fn from_iter<T: IntoIterator<Item = Op>>(ops: T) -> Self {
        Self {
            ops: ops.into_iter().collect(),
        }
    }
}

/// The replies of a unit that is on disk, in the order of its operations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replies(Vec<Option<Reply>>);

impl Replies {
    /// All of them, for an implementation that has them.
    #[must_use]
    pub fn new(replies: Vec<Reply>) -> Self {
        Self(replies.into_iter().map(Some).collect())
    }

    /// The reply of one operation; once.
    ///
    /// # Errors
    /// [`StoreError::NoReply`] if it was taken before, or the slot is of another unit.
    pub fn take<O: TypedOp>(&mut self, slot: Slot<O>) -> Result<O::Reply, StoreError> {
        let index = slot.index;
        self.0
            .get_mut(index)
            .and_then(Option::take)
            .and_then(O::reply)
            .ok_or(StoreError::NoReply { index })
    }

    /// What was not taken, in order.
    #[must_use]
    pub fn into_vec(self) -> Vec<Reply> {
        self.0.into_iter().flatten().collect()
    }
}
