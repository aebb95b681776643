//! Queues of tasks with claims, leases and fences.
//!
//! A task is ready, or waits for its time; a claim leases it to a worker under the next fence, which is the number of
//! the attempt. **Only the fence decides who holds a task, never the clock**: a lease that has run out is merely one that
//! [`ExpireLeases`] may take back, and until then its worker may renew, complete or fail. So a clock that jumps can neither
//! lose a result nor give a task to two.
//!
//! A stale fence is refused and recorded, although its unit leaves no other trace. The id of a task is never used again:
//! fences of two tasks of one id could be taken for each other.

use crate::area::area;
use crate::ids::UnixMs;
use crate::limits::{Bounded, Check, Checked, PAYLOAD};

/// How many tasks whose time has come one claim makes ready, earliest first. A bound, so that a claim's cost has one.
pub const PROMOTED: u32 = 1_000;

area!(
    Task,
    /// Changes of tasks.
    ops TaskOp -> TaskReply {
        Enqueue => (),
        Claim => Vec<Claimed>,
        ClaimTask => Claimed,
        Renew => UnixMs,
        Complete => (),
        Fail => (),
        Cancel => Option<u64>,
        ExpireLeases => Vec<Expired>,
        PurgeTasks => u64,
    }
    /// Questions about tasks.
    queries TaskQuery -> TaskAnswer {
        GetTask => Option<TaskRecord>,
        ListTasks => Vec<TaskRecord>,
        CountTasks => TaskCounts,
        ListStaleFences => Vec<StaleFence>,
    }
);

/// Where a task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TaskState {
    /// Its time has not come.
    Waiting,
    /// May be claimed.
    Ready,
    /// A worker has it.
    Leased,
    /// Done, with a result.
    Completed,
    /// Given up, with a reason.
    Dead,
    /// Cancelled.
    Cancelled,
}

impl TaskState {
    /// All, in the order of their numbers in a database.
    pub const ALL: [Self; 6] = [
        Self::Waiting,
        Self::Ready,
        Self::Leased,
        Self::Completed,
        Self::Dead,
        Self::Cancelled,
    ];

    /// Whether nothing more happens to it.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Dead | Self::Cancelled)
    }
}

/// Adds a task. Refused where its id is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enqueue {
    /// The queue; it need not exist.
    pub queue: String,
    /// The task; unique over all queues.
    pub id: String,
    /// Higher is claimed first; among equals the one that was enqueued first.
    pub priority: i32,
    /// What the worker gets; up to [`PAYLOAD`] bytes.
    pub payload: Vec<u8>,
    /// Not claimed before this time.
    pub not_before: UnixMs,
    /// Now.
    pub now: UnixMs,
}

/// Leases up to `limit` ready tasks of a queue to a worker; those that there are, perhaps none. Before that it makes up to
/// [`PROMOTED`] tasks ready whose time has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The queue.
    pub queue: String,
    /// Who claims.
    pub worker: String,
    /// Now.
    pub now: UnixMs,
    /// The lease ends so many milliseconds from now.
    pub lease_ms: i64,
    /// At most so many.
    pub limit: u32,
}

/// Leases one task to a worker. Refused where it is unknown, leased, over, or its time has not come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimTask {
    /// The task.
    pub id: String,
    /// Who claims.
    pub worker: String,
    /// Now.
    pub now: UnixMs,
    /// The lease ends so many milliseconds from now.
    pub lease_ms: i64,
}

/// A task in the hands of a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// The task.
    pub id: String,
    /// The attempt's number, from 1; proves the claim from now on.
    pub fence: u64,
    /// Its priority.
    pub priority: i32,
    /// What is to be done.
    pub payload: Vec<u8>,
    /// When the lease ends.
    pub lease_until: UnixMs,
}

/// Extends a lease; when it ends then. It never becomes shorter. Refused where the fence is not the lease's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renew {
    /// The task.
    pub id: String,
    /// The claim's fence.
    pub fence: u64,
    /// Now.
    pub now: UnixMs,
    /// The lease ends so many milliseconds from now.
    pub lease_ms: i64,
}

/// Ends a task with a result. Refused where the fence is not the lease's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complete {
    /// The task.
    pub id: String,
    /// The claim's fence.
    pub fence: u64,
    /// The result; up to [`PAYLOAD`] bytes.
    pub result: Vec<u8>,
    /// Now.
    pub now: UnixMs,
}

/// What follows a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterFailure {
    /// Another attempt, not before this time.
    Retry {
        /// The time.
        not_before: UnixMs,
    },
    /// None.
    Dead,
}

/// Ends an attempt without a result. Refused where the fence is not the lease's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fail {
    /// The task.
    pub id: String,
    /// The claim's fence.
    pub fence: u64,
    /// Why; kept as the task's outcome, also while it waits for another attempt.
    pub reason: Vec<u8>,
    /// What follows.
    pub then: AfterFailure,
    /// Now.
    pub now: UnixMs,
}

/// Cancels a task, leased or not; the fence of the lease that this ended, if there was one. Refused where the task is
/// unknown or over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cancel {
    /// The task.
    pub id: String,
    /// Why; kept as the task's outcome.
    pub reason: Vec<u8>,
    /// Now.
    pub now: UnixMs,
}

/// Makes tasks ready again whose lease ended at `now` or before, earliest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpireLeases {
    /// Now.
    pub now: UnixMs,
    /// At most so many.
    pub limit: u32,
}

/// A lease that was taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expired {
    /// The task.
    pub id: String,
    /// Its queue.
    pub queue: String,
    /// Who had it.
    pub worker: String,
    /// The attempt's fence.
    pub fence: u64,
}

/// Removes tasks that were over at `before` or earlier, earliest first, with what is recorded about them; how many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PurgeTasks {
    /// Usually now, less what is kept for people to look at.
    pub before: UnixMs,
    /// At most so many.
    pub limit: u32,
}

/// One task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetTask {
    /// The task.
    pub id: String,
}

/// Tasks of a queue in one state, in the order in which they were enqueued. The cost grows with the number of all tasks
/// that are kept after [`ListTasks::after`], in any state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListTasks {
    /// The queue.
    pub queue: String,
    /// The state.
    pub state: TaskState,
    /// Only those enqueued after this place ([`TaskRecord::seq`]); 0 for all.
    pub after: u64,
    /// At most so many.
    pub limit: u32,
}

/// How many tasks of a queue are in each state that is not over. The cost grows with their number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountTasks {
    /// The queue.
    pub queue: String,
}

/// Stale fences that were tried on a task, by fence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListStaleFences {
    /// The task.
    pub id: String,
    /// At most so many.
    pub limit: u32,
}

/// A task as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskRecord {
    /// Its place in the order of enqueueing; unique, grows.
    pub seq: u64,
    /// The task.
    pub id: String,
    /// Its queue.
    pub queue: String,
    /// Its priority.
    pub priority: i32,
    /// What is to be done.
    pub payload: Vec<u8>,
    /// Where it stands.
    pub state: TaskState,
    /// When its time comes, while it waits for it.
    pub not_before: Option<UnixMs>,
    /// The number of attempts begun; the fence of the last one.
    pub fence: u64,
    /// Who has it, while it is leased.
    pub worker: Option<String>,
    /// When its lease ends, while it is leased.
    pub lease_until: Option<UnixMs>,
    /// When its state last changed.
    pub changed_at: UnixMs,
    /// The result, or the reason of the last failure or cancellation.
    pub outcome: Option<Vec<u8>>,
}

/// Tasks that are not over, by state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TaskCounts {
    /// Their time has not come.
    pub waiting: u64,
    /// May be claimed.
    pub ready: u64,
    /// Leased.
    pub leased: u64,
}

/// A fence that was tried after a later claim, or after its lease was taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StaleFence {
    /// The fence.
    pub fence: u64,
    /// How often.
    pub times: u64,
    /// First when.
    pub first_at: UnixMs,
    /// Last when.
    pub last_at: UnixMs,
}

/// Why a change of a task is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TaskRefusal {
    /// A task with this id is there.
    #[error("task {id} exists and is {state:?}")]
    Exists {
        /// The task.
        id: String,
        /// Where it stands.
        state: TaskState,
    },
    /// No task with this id.
    #[error("task {id} is unknown")]
    Unknown {
        /// The task.
        id: String,
    },
    /// The claim is no longer the task's: it was taken back, cancelled, or claimed by another. Recorded.
    #[error("fence {given} of task {id} is stale: the task is {state:?} at fence {current}")]
    Stale {
        /// The task.
        id: String,
        /// The fence that was given.
        given: u64,
        /// The last fence.
        current: u64,
        /// Where the task stands.
        state: TaskState,
    },
    /// No claim ever had this fence.
    #[error("fence {given} of task {id} was never given; the last one is {current}")]
    NeverGiven {
        /// The task.
        id: String,
        /// The fence that was given.
        given: u64,
        /// The last fence.
        current: u64,
    },
    /// This very claim has ended the task already: a repeated message.
    #[error("task {id} was ended by this claim before and is {state:?}")]
    EndedBefore {
        /// The task.
        id: String,
        /// Where it stands: completed or dead.
        state: TaskState,
    },
    /// It is not ready: leased, over, or its time has not come.
    #[error("task {id} is {state:?} and cannot be claimed")]
    NotReady {
        /// The task.
        id: String,
        /// Where it stands.
        state: TaskState,
    },
    /// It is over.
    #[error("task {id} is over: {state:?}")]
    Over {
        /// The task.
        id: String,
        /// Where it stands.
        state: TaskState,
    },
}

impl Bounded for Enqueue {
    fn check(&self, check: &mut Check) -> Checked {
        check.name("queue", &self.queue)?;
        check.name("id", &self.id)?;
        check.blob("payload", &self.payload, PAYLOAD)?;
        check.time("not_before", self.not_before)?;
        check.time("now", self.now)
    }
}

impl Bounded for Claim {
    fn check(&self, check: &mut Check) -> Checked {
        check.name("queue", &self.queue)?;
        check.name("worker", &self.worker)?;
        check.time("now", self.now)?;
        check.span("lease_ms", self.lease_ms)?;
        check.many("limit", self.limit)
    }
}

impl Bounded for ClaimTask {
    fn check(&self, check: &mut Check) -> Checked {
        check.name("id", &self.id)?;
        check.name("worker", &self.worker)?;
        check.time("now", self.now)?;
        check.span("lease_ms", self.lease_ms)
    }
}

impl Bounded for Renew {
    fn check(&self, check: &mut Check) -> Checked {
        check.name("id", &self.id)?;
        check.time("now", self.now)?;
        check.span("lease_ms", self.lease_ms)
    }
}

impl Bounded for Complete {
    fn check(&self, check: &mut Check) -> Checked {
        check.name("id", &self.id)?;
        check.blob("result", &self.result, PAYLOAD)?;
        check.time("now", self.now)
    }
}

impl Bounded for Fail {
    fn check(&self, check: &mut Check) -> Checked {
        check.name("id", &self.id)?;
        check.blob("reason", &self.reason, PAYLOAD)?;
        check.time("now", self.now)?;
        match self.then {
            AfterFailure::Retry { not_before } => check.time("not_before", not_before),
            AfterFailure::Dead => Ok(()),
        }
    }
}

impl Bounded for Cancel {
    fn check(&self, check: &mut Check) -> Checked {
        check.name("id", &self.id)?;
        check.blob("reason", &self.reason, PAYLOAD)?;
        check.time("now", self.now)
    }
}

impl Bounded for ExpireLeases {
    fn check(&self, check: &mut Check) -> Checked {
        check.time("now", self.now)?;
        check.many("limit", self.limit)
    }
}

impl Bounded for PurgeTasks {
    fn check(&self, check: &mut Check) -> Checked {
        check.time("before", self.before)?;
        check.many("limit", self.limit)
    }
}

impl Bounded for GetTask {
    fn check(&self, check: &mut Check) -> Checked {
        check.name("id", &self.id)
    }
}

impl Bounded for ListTasks {
    fn check(&self, check: &mut Check) -> Checked {
        check.name("queue", &self.queue)?;
        check.many("limit", self.limit)
    }
}

impl Bounded for CountTasks {
    fn check(&self, check: &mut Check) -> Checked {
        check.name("queue", &self.queue)
    }
}

impl Bounded for ListStaleFences {
    fn check(&self, check: &mut Check) -> Checked {
        check.name("id", &self.id)?;
        check.many("limit", self.limit)
    }
}
