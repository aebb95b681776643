//! What is kept together, and who is answered then.

use hypernode_state::Address;
use hypernode_state::outbox::Emit;

use super::command::{Done, Order};
use crate::board::{Denied, Step};
use crate::ids::{JobId, NodeId};

/// What is kept together, and who is answered then.
#[derive(Default)]
pub(super) struct Group {
    pub(super) step: Step,
    /// New jobs, with what is kept of them once.
    pub(super) orders: Vec<Order>,
    /// Inputs that came.
    pub(super) contents: Vec<(JobId, Vec<u8>)>,
    /// Results that came.
    pub(super) outcomes: Vec<(JobId, Vec<u8>)>,
    /// Jobs that were opened again: what is set aside for them is so again.
    pub(super) replayed: Vec<JobId>,
    /// Whose the nodes are that are credited.
    pub(super) wallets: Vec<(NodeId, Address)>,
    /// What the warehouse is told beside the changes of jobs.
    pub(super) facts: Vec<Emit>,
    pub(super) answers: Vec<(Done, Result<(), Denied>)>,
}

impl Group {
    pub(super) fn is_empty(&self) -> bool {
        self.step.is_empty() && self.facts.is_empty() && self.answers.is_empty()
    }

    pub(super) fn answer(&mut self, done: Done, result: Result<(), Denied>) {
        self.answers.push((done, result));
    }

    /// Answers all; who asks no longer is told nothing.
    pub(super) fn tell(answers: Vec<(Done, Result<(), Denied>)>) {
        for (done, result) in answers {
            let _ = done.send(result);
        }
    }
}
