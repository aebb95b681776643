//! From a job's history to evidence: the rules of HNR-1 for one job, stated once.

use crate::{
    constants::EXPIRY,
    event::{Event, FeeAccounts, Key, NONE, What},
    units,
    verdict::{BadKind, Evidence, NoBad, NoGood, Verdict},
};

/// What one job says of nodes at a block.
///
/// `history` holds the job's events up to that block in the order of the chain: finalized, of successful transactions,
/// and of one program, since a job is a program and an account. `accounts` are the network's own. `now` is the block's
/// time. The same history always gives the same verdict; whoever adds verdicts up judges each job once.
///
/// - **The job** begins with its first creation that names a requester. What comes before, and any later creation of
///   the same account, is ignored.
/// - **Good**: the first completion counts and no other. It must be signed by the owner of the node of the last
///   assignment before it, whoever signed that assignment. The first settlement after it that names the network's
///   treasury and incentive accounts of its slot makes it good, on the day of that settlement.
/// - **Bad**: an assignment that the node's owner signed puts the node on duty for 24 hours of block time. Completion by
///   anyone, cancellation, and assignment to another owner's node end the duty. A failure during it is bad on its day.
///   A duty that stands when a block at or after its deadline is seen has expired, on the day of the deadline. Another
///   assignment to the owner on duty changes neither node nor deadline. The first bad counts and no other.
/// - **Neither** where the requester is the node's owner, no node can be derived, or the amount makes no unit.
#[must_use]
pub fn judge<'a>(
    history: impl IntoIterator<Item = &'a Event>,
    accounts: &[FeeAccounts],
    now: i64,
) -> Verdict {
    let mut job: Option<Job> = None;
    for (place, event) in history.into_iter().enumerate() {
        match (&mut job, event.what) {
            (Some(job), what) => {
                job.expire(event.time);
                job.apply(place, event, what, accounts);
            }
            (None, What::Created { requester, price }) if requester != NONE => {
                job = Some(Job::new(requester, price));
            }
            (None, _) => {}
        }
    }
    let Some(mut job) = job else {
        return Verdict {
            good: Err(NoGood::NotCreated),
            bad: Err(NoBad::NotCreated),
        };
    };
    job.expire(now);
    Verdict {
        good: job.good,
        bad: job.bad,
    }
}

/// An assignment.
#[derive(Clone, Copy)]
struct Assignment {
    node: Key,
    operator: Key,
    authority: Key,
}

/// A node that owes a result, by its owner's word.
#[derive(Clone, Copy)]
struct Duty {
    node: Key,
    operator: Key,
    deadline: i64,
    /// The assignment's place in the history.
    since: usize,
}

/// A job while its history is read.
struct Job {
    requester: Key,
    price: u64,
    /// The last assignment.
    latest: Option<Assignment>,
    /// The node on duty.
    duty: Option<Duty>,
    /// After the first completion nothing counts but payment.
    completed: bool,
    /// The node that a payment would be good for.
    unpaid: Option<Key>,
    good: Result<Evidence, NoGood>,
    bad: Result<(BadKind, Evidence), NoBad>,
}

impl Job {
    const fn new(requester: Key, price: u64) -> Self {
        Self {
            requester,
            price,
            latest: None,
            duty: None,
            completed: false,
            unpaid: None,
            good: Err(NoGood::NotCompleted),
            bad: Err(NoBad::NotAssigned),
        }
    }

    fn apply(&mut self, place: usize, event: &Event, what: What, accounts: &[FeeAccounts]) {
        match what {
            What::Settled {
                treasury,
                incentive,
                treasury_amount,
                incentive_amount,
            } => {
                let received = accounts
                    .iter()
                    .any(|own| own.received(event.slot, &treasury, &incentive));
                let fee = units::fee(treasury_amount, incentive_amount);
                self.settle(place, event.time, received, units::good(fee));
            }
            What::Created { .. } => {}
            _ if self.completed => {}
            What::Assigned {
                node,
                operator,
                authority,
            } => self.assign(
                place,
                event.time,
                Assignment {
                    node,
                    operator,
                    authority,
                },
            ),
            What::Completed { operator } => self.complete(operator),
            What::Failed { node } => self.fail(place, event.time, node),
            What::Cancelled => self.release(NoBad::Cancelled),
        }
    }

    fn assign(&mut self, place: usize, time: i64, to: Assignment) {
        self.latest = Some(to);
        // Whoever is on duty does not get another day by being assigned again.
        if self.duty.is_some_and(|duty| duty.operator == to.operator) {
            return;
        }
        let none = if to.node == NONE {
            NoBad::NoNode
        } else if to.operator == NONE || to.authority != to.operator {
            NoBad::NoConsent
        } else if to.operator == self.requester {
            NoBad::SelfDealing
        } else if units::failed(self.price) == 0 {
            NoBad::NoPrice
        } else {
            NoBad::Pending
        };
        self.bad = self.bad.or(Err(none));
        self.duty = (none == NoBad::Pending).then_some(Duty {
            node: to.node,
            operator: to.operator,
            deadline: time.saturating_add(EXPIRY),
            since: place,
        });
    }

    fn complete(&mut self, operator: Key) {
        self.completed = true;
        self.release(NoBad::Completed);
        self.good = Err(match self.latest {
            None => NoGood::NotAssigned,
            Some(to) if to.operator == NONE || to.operator != operator => NoGood::CompletedByOther,
            Some(to) if to.node == NONE => NoGood::NoNode,
            Some(to) if to.operator == self.requester => NoGood::SelfDealing,
            Some(to) => {
                self.unpaid = Some(to.node);
                NoGood::NotSettled
            }
        });
    }

    fn settle(&mut self, place: usize, time: i64, received: bool, units: u64) {
        let Some(node) = self.unpaid else { return };
        if !received {
            self.good = Err(NoGood::OtherAccounts);
            return;
        }
        self.unpaid = None;
        self.good = if units == 0 {
            Err(NoGood::NoFee)
        } else {
            Ok(self.evidence(node, time, units, place))
        };
    }

    fn fail(&mut self, place: usize, time: i64, node: Key) {
        let Some(duty) = self.duty else { return };
        let assigned = self.latest.map(|to| to.node);
        // A failure of a node that does not have the job says nothing of the one that does.
        if node != NONE && node != duty.node && Some(node) != assigned {
            return;
        }
        self.blame(
            BadKind::Failed,
            duty,
            time,
            units::failed(self.price),
            place,
        );
    }

    /// A block of this time is seen.
    fn expire(&mut self, time: i64) {
        if let Some(duty) = self.duty.filter(|duty| time >= duty.deadline) {
            let units = units::expired(self.price);
            self.blame(BadKind::Expired, duty, duty.deadline, units, duty.since);
        }
    }

    fn blame(&mut self, kind: BadKind, duty: Duty, time: i64, units: u64, cause: usize) {
        self.duty = None;
        let evidence = self.evidence(duty.node, time, units, cause);
        self.bad = self.bad.or(Ok((kind, evidence)));
    }

    /// Ends the duty; `reason` says why nothing bad came of it.
    fn release(&mut self, reason: NoBad) {
        if self.duty.take().is_some() {
            self.bad = self.bad.or(Err(reason));
        }
    }

    const fn evidence(&self, node: Key, time: i64, units: u64, cause: usize) -> Evidence {
        Evidence {
            node,
            requester: self.requester,
            day: units::day(time),
            units,
            cause,
        }
    }
}
