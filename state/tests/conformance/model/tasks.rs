//! The queue as a list in the order of enqueueing.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use hypernode_state::UnixMs;
use hypernode_state::tasks::{
    AfterFailure, Claimed, Expired, PROMOTED, StaleFence, TaskAnswer, TaskCounts, TaskOp,
    TaskQuery, TaskRecord, TaskRefusal, TaskReply, TaskState,
};

use super::{Stop, few};

#[derive(Debug, Clone, Default)]
pub(crate) struct Tasks {
    last: u64,
    all: Vec<TaskRecord>,
    stale: BTreeMap<(String, u64), StaleFence>,
}

impl Tasks {
    fn get(&mut self, id: &str) -> Result<&mut TaskRecord, Stop> {
        self.all
            .iter_mut()
            .find(|task| task.id == id)
            .ok_or_else(|| TaskRefusal::Unknown { id: id.to_owned() }.into())
    }

    fn held(&mut self, id: &str, fence: u64, at: UnixMs) -> Result<&mut TaskRecord, Stop> {
        let task = self.get(id)?;
        let (id, given, current, state) = (id.to_owned(), fence, task.fence, task.state);
        if given == 0 || given > current {
            return Err(TaskRefusal::NeverGiven { id, given, current }.into());
        }
        if given == current && state == TaskState::Leased {
            return Ok(task);
        }
        if given == current && matches!(state, TaskState::Completed | TaskState::Dead) {
            return Err(TaskRefusal::EndedBefore { id, state }.into());
        }
        let why = TaskRefusal::Stale {
            id: id.clone(),
            given,
            current,
            state,
        };
        Err(Stop::Stale {
            why: why.into(),
            id,
            fence,
            at,
        })
    }

    pub(crate) fn note_stale(&mut self, id: &str, fence: u64, at: UnixMs) {
        let first = StaleFence {
            fence,
            times: 0,
            first_at: at,
            last_at: at,
        };
        let entry = self.stale.entry((id.to_owned(), fence)).or_insert(first);
        entry.times += 1;
        entry.last_at = at;
    }

    fn lease(task: &mut TaskRecord, worker: &str, now: UnixMs, until: UnixMs) -> Claimed {
        task.state = TaskState::Leased;
        task.not_before = None;
        task.fence += 1;
        task.worker = Some(worker.to_owned());
        task.lease_until = Some(until);
        task.changed_at = now;
        Claimed {
            id: task.id.clone(),
            fence: task.fence,
            priority: task.priority,
            payload: task.payload.clone(),
            lease_until: until,
        }
    }

    fn end(task: &mut TaskRecord, state: TaskState, now: UnixMs, outcome: Option<&[u8]>) {
        task.state = state;
        task.worker = None;
        task.lease_until = None;
        task.changed_at = now;
        if let Some(outcome) = outcome {
            task.outcome = Some(outcome.to_vec());
        }
    }

    /// Those that fit, in an order.
    fn chosen<K: Ord>(
        &mut self,
        fits: impl Fn(&TaskRecord) -> bool,
        order: impl Fn(&TaskRecord) -> K,
        limit: u32,
    ) -> Vec<&mut TaskRecord> {
        let mut chosen: Vec<_> = self.all.iter_mut().filter(|task| fits(task)).collect();
        chosen.sort_by_key(|task| order(task));
        chosen.truncate(limit as usize);
        chosen
    }

    pub(crate) fn run(&mut self, op: &TaskOp) -> Result<TaskReply, Stop> {
        Ok(match op {
            TaskOp::Enqueue(op) => {
                if let Ok(task) = self.get(&op.id) {
                    let (id, state) = (op.id.clone(), task.state);
                    return Err(TaskRefusal::Exists { id, state }.into());
                }
                self.last += 1;
                self.all.push(TaskRecord {
                    seq: self.last,
                    id: op.id.clone(),
                    queue: op.queue.clone(),
                    priority: op.priority,
                    payload: op.payload.clone(),
                    state: waiting_or_ready(op.not_before, op.now),
                    not_before: (op.not_before > op.now).then_some(op.not_before),
                    fence: 0,
                    worker: None,
                    lease_until: None,
                    changed_at: op.now,
                    outcome: None,
                });
                TaskReply::Enqueue(())
            }
            TaskOp::Claim(op) => {
                let due = |task: &TaskRecord| {
                    task.queue == op.queue
                        && task.state == TaskState::Waiting
                        && task.not_before.is_some_and(|at| at <= op.now)
                };
                for task in self.chosen(due, |task| (task.not_before, task.seq), PROMOTED) {
                    task.state = TaskState::Ready;
                    task.not_before = None;
                    task.changed_at = op.now;
                }
                let ready =
                    |task: &TaskRecord| task.queue == op.queue && task.state == TaskState::Ready;
                let chosen =
                    self.chosen(ready, |task| (Reverse(task.priority), task.seq), op.limit);
                let until = op.now + op.lease_ms;
                let claimed = chosen
                    .into_iter()
                    .map(|task| Self::lease(task, &op.worker, op.now, until));
                TaskReply::Claim(claimed.collect())
            }
            TaskOp::ClaimTask(op) => {
                let task = self.get(&op.id)?;
                let due = task.state == TaskState::Waiting
                    && task.not_before.is_some_and(|at| at <= op.now);
                if !due && task.state != TaskState::Ready {
                    let (id, state) = (op.id.clone(), task.state);
                    return Err(TaskRefusal::NotReady { id, state }.into());
                }
                TaskReply::ClaimTask(Self::lease(task, &op.worker, op.now, op.now + op.lease_ms))
            }
            TaskOp::Renew(op) => {
                let task = self.held(&op.id, op.fence, op.now)?;
                let until = task.lease_until.max(Some(op.now + op.lease_ms));
                task.lease_until = until;
                TaskReply::Renew(until.unwrap())
            }
            TaskOp::Complete(op) => {
                let task = self.held(&op.id, op.fence, op.now)?;
                Self::end(task, TaskState::Completed, op.now, Some(&op.result));
                TaskReply::Complete(())
            }
            TaskOp::Fail(op) => {
                let task = self.held(&op.id, op.fence, op.now)?;
                let state = match op.then {
                    AfterFailure::Dead => TaskState::Dead,
                    AfterFailure::Retry { not_before } => {
                        task.not_before = (not_before > op.now).then_some(not_before);
                        waiting_or_ready(not_before, op.now)
                    }
                };
                Self::end(task, state, op.now, Some(&op.reason));
                TaskReply::Fail(())
            }
            TaskOp::Cancel(op) => {
                let task = self.get(&op.id)?;
                if task.state.is_final() {
                    let (id, state) = (op.id.clone(), task.state);
                    return Err(TaskRefusal::Over { id, state }.into());
                }
                let fence = (task.state == TaskState::Leased).then_some(task.fence);
                task.not_before = None;
                Self::end(task, TaskState::Cancelled, op.now, Some(&op.reason));
                TaskReply::Cancel(fence)
            }
            TaskOp::ExpireLeases(op) => {
                let ended =
                    |task: &TaskRecord| task.lease_until.is_some_and(|until| until <= op.now);
                let chosen = self.chosen(ended, |task| (task.lease_until, task.seq), op.limit);
                let expired = chosen.into_iter().map(|task| {
                    let expired = Expired {
                        id: task.id.clone(),
                        queue: task.queue.clone(),
                        worker: task.worker.clone().unwrap(),
                        fence: task.fence,
                    };
                    Self::end(task, TaskState::Ready, op.now, None);
                    expired
                });
                TaskReply::ExpireLeases(expired.collect())
            }
            TaskOp::PurgeTasks(op) => {
                let over =
                    |task: &TaskRecord| task.state.is_final() && task.changed_at <= op.before;
                let chosen = self.chosen(over, |task| (task.changed_at, task.seq), op.limit);
                let gone: Vec<String> = chosen.into_iter().map(|task| task.id.clone()).collect();
                self.all.retain(|task| !gone.contains(&task.id));
                self.stale.retain(|(id, _), _| !gone.contains(id));
                TaskReply::PurgeTasks(gone.len() as u64)
            }
        })
    }

    pub(crate) fn ask(&self, query: &TaskQuery) -> TaskAnswer {
        match query {
            TaskQuery::GetTask(query) => {
                TaskAnswer::GetTask(self.all.iter().find(|task| task.id == query.id).cloned())
            }
            TaskQuery::ListTasks(query) => {
                let fits = self.all.iter().filter(|task| {
                    task.queue == query.queue && task.state == query.state && task.seq > query.after
                });
                TaskAnswer::ListTasks(few(fits.cloned(), query.limit))
            }
            TaskQuery::CountTasks(query) => {
                let count = |state| {
                    let of = |task: &&TaskRecord| task.queue == query.queue && task.state == state;
                    self.all.iter().filter(of).count() as u64
                };
                TaskAnswer::CountTasks(TaskCounts {
                    waiting: count(TaskState::Waiting),
                    ready: count(TaskState::Ready),
                    leased: count(TaskState::Leased),
                })
            }
            TaskQuery::ListStaleFences(query) => {
                let of = self.stale.iter().filter(|((id, _), _)| *id == query.id);
                TaskAnswer::ListStaleFences(few(of.map(|(_, stale)| *stale), query.limit))
            }
        }
    }
}

fn waiting_or_ready(not_before: UnixMs, now: UnixMs) -> TaskState {
    if not_before > now {
        TaskState::Waiting
    } else {
        TaskState::Ready
    }
}
