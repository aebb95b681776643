//! Ends of tasks and of attempts.

use rusqlite::params;

use super::{held, known, until};
use crate::ids::UnixMs;
use crate::sqlite::exec::{Cx, Stop, all};
use crate::tasks::{AfterFailure, Cancel, Complete, Fail, PurgeTasks, TaskRefusal, TaskState};

pub(super) fn complete(cx: &Cx<'_>, op: &Complete) -> Result<(), Stop> {
    let task = held(cx, &op.id, op.fence, op.now)?;
    release(cx, task.seq, TaskState::Completed, op.now)?;
    outcome(cx, task.seq, &op.result)
}

pub(super) fn fail(cx: &Cx<'_>, op: &Fail) -> Result<(), Stop> {
    let task = held(cx, &op.id, op.fence, op.now)?;
    match op.then {
        AfterFailure::Dead => release(cx, task.seq, TaskState::Dead, op.now)?,
        AfterFailure::Retry { not_before } => {
            release(cx, task.seq, until(not_before, op.now), op.now)?;
            let sql = "UPDATE tasks SET not_before = ?2 WHERE seq = ?1";
            cx.execute(sql, params![task.seq, not_before])?;
        }
    }
    outcome(cx, task.seq, &op.reason)
}

pub(super) fn cancel(cx: &Cx<'_>, op: &Cancel) -> Result<Option<u64>, Stop> {
    let task = known(cx, &op.id)?;
    if task.state.is_final() {
        let id = op.id.clone();
        let state = task.state;
        return Err(TaskRefusal::Over { id, state }.into());
    }
    release(cx, task.seq, TaskState::Cancelled, op.now)?;
    outcome(cx, task.seq, &op.reason)?;
    Ok((task.state == TaskState::Leased).then_some(task.fence))
}

/// Ends a lease, if there is one, with a new state.
fn release(cx: &Cx<'_>, seq: i64, state: TaskState, now: UnixMs) -> rusqlite::Result<()> {
    let sql = "UPDATE tasks SET state = ?2, worker = NULL, lease_until = NULL, changed_at = ?3 WHERE seq = ?1";
    cx.execute(sql, params![seq, state, now]).map(drop)
}

fn outcome(cx: &Cx<'_>, seq: i64, bytes: &[u8]) -> Result<(), Stop> {
    let sql = "INSERT INTO task_outcomes (seq, outcome) VALUES (?1, ?2)
               ON CONFLICT (seq) DO UPDATE SET outcome = excluded.outcome";
    cx.execute(sql, params![seq, bytes])?;
    Ok(())
}

pub(super) fn purge(cx: &Cx<'_>, op: &PurgeTasks) -> Result<u64, Stop> {
    let sql = "SELECT seq FROM tasks WHERE state >= 3 AND changed_at <= ?1 ORDER BY changed_at, seq LIMIT ?2";
    let over: Vec<i64> = all(cx.conn, sql, params![op.before, op.limit], |row| row.get(0))?;
    for seq in &over {
        cx.execute("DELETE FROM stale_fences WHERE seq = ?1", [seq])?;
        cx.execute("DELETE FROM task_outcomes WHERE seq = ?1", [seq])?;
        cx.execute("DELETE FROM task_payloads WHERE seq = ?1", [seq])?;
        cx.execute("DELETE FROM tasks WHERE seq = ?1", [seq])?;
    }
    Ok(over.len() as u64)
}
