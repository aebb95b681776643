//! Ends of tasks and of attempts.

use rusqlite::params;

use super::{held, place};
use crate::sqlite::exec::{Cx, Stop};
use crate::tasks::{AfterFailure, Cancel, Complete, Fail, PurgeTasks, TaskRefusal, TaskState};

pub(super) fn complete(cx: &Cx<'_, '_>, op: &Complete) -> Result<(), Stop> {
    let lease = held(cx, &op.id, op.fence, op.now)?;
    place::end_lease(cx, lease.seq)?;
    let state = TaskState::Completed;
    place::over(cx, lease.seq, state, op.fence, &op.result, op.now)?;
    Ok(())
}

pub(super) fn fail(cx: &Cx<'_, '_>, op: &Fail) -> Result<(), Stop> {
    let lease = held(cx, &op.id, op.fence, op.now)?;
    let task = place::known(cx, &op.id)?;
    place::leave(cx, &task)?;
    match op.then {
        AfterFailure::Dead => {
            place::over(cx, lease.seq, TaskState::Dead, op.fence, &op.reason, op.now)?;
        }
        AfterFailure::Retry { not_before } => {
            place::wait(cx, &task, not_before, op.now)?;
            let sql = "INSERT INTO task_failures (seq, reason) VALUES (?1, ?2)
                       ON CONFLICT (seq) DO UPDATE SET reason = excluded.reason";
            cx.execute(sql, params![lease.seq, op.reason])?;
        }
    }
    Ok(())
}

pub(super) fn cancel(cx: &Cx<'_, '_>, op: &Cancel) -> Result<Option<u64>, Stop> {
    let task = place::known(cx, &op.id)?;
    if task.state.is_final() {
        let id = op.id.clone();
        let state = task.state;
        return Err(TaskRefusal::Over { id, state }.into());
    }
    place::leave(cx, &task)?;
    let state = TaskState::Cancelled;
    place::over(cx, task.seq, state, task.fence, &op.reason, op.now)?;
    Ok((task.state == TaskState::Leased).then_some(task.fence))
}

pub(super) fn purge(cx: &Cx<'_, '_>, op: &PurgeTasks) -> Result<u64, Stop> {
    let sql = "SELECT seq FROM task_over WHERE changed_at <= ?1 ORDER BY changed_at, seq LIMIT ?2";
    let params = params![op.before, op.limit];
    let over: Vec<i64> = cx.db.all(sql, params, |row| row.get(0))?;
    for seq in &over {
        cx.execute("DELETE FROM stale_fences WHERE seq = ?1", [seq])?;
        cx.execute("DELETE FROM task_failures WHERE seq = ?1", [seq])?;
        cx.execute("DELETE FROM task_over WHERE seq = ?1", [seq])?;
        cx.execute("DELETE FROM tasks WHERE seq = ?1", [seq])?;
    }
    Ok(over.len() as u64)
}
