//! Tasks in SQL.

mod claim;
mod end;
mod query;

use rusqlite::{Connection, params};

use super::exec::{Cx, StaleTry, Stop, first};
use super::values::Count;
use crate::ids::UnixMs;
use crate::tasks::{Enqueue, TaskAnswer, TaskOp, TaskQuery, TaskRefusal, TaskReply, TaskState};

pub(super) fn run(cx: &Cx<'_>, op: &TaskOp) -> Result<TaskReply, Stop> {
    Ok(match op {
        TaskOp::Enqueue(op) => TaskReply::Enqueue(enqueue(cx, op)?),
        TaskOp::Claim(op) => TaskReply::Claim(claim::claim(cx, op)?),
        TaskOp::ClaimTask(op) => TaskReply::ClaimTask(claim::claim_task(cx, op)?),
        TaskOp::Renew(op) => TaskReply::Renew(claim::renew(cx, op)?),
        TaskOp::Complete(op) => TaskReply::Complete(end::complete(cx, op)?),
        TaskOp::Fail(op) => TaskReply::Fail(end::fail(cx, op)?),
        TaskOp::Cancel(op) => TaskReply::Cancel(end::cancel(cx, op)?),
        TaskOp::ExpireLeases(op) => TaskReply::ExpireLeases(claim::expire(cx, op)?),
        TaskOp::PurgeTasks(op) => TaskReply::PurgeTasks(end::purge(cx, op)?),
    })
}

pub(super) fn ask(conn: &Connection, query: &TaskQuery) -> rusqlite::Result<TaskAnswer> {
    Ok(match query {
        TaskQuery::GetTask(query) => TaskAnswer::GetTask(query::get(conn, query)?),
        TaskQuery::ListTasks(query) => TaskAnswer::ListTasks(query::list(conn, query)?),
        TaskQuery::CountTasks(query) => TaskAnswer::CountTasks(query::count(conn, query)?),
        TaskQuery::ListStaleFences(query) => {
            TaskAnswer::ListStaleFences(query::stale_fences(conn, query)?)
        }
    })
}

/// What a change of a task must know about it.
struct Standing {
    seq: i64,
    state: TaskState,
    fence: u64,
    not_before: UnixMs,
    lease_until: Option<UnixMs>,
}

fn standing(cx: &Cx<'_>, id: &str) -> rusqlite::Result<Option<Standing>> {
    let sql = "SELECT seq, state, fence, not_before, lease_until FROM tasks WHERE id = ?1";
    cx.first(sql, [id], |row| {
        let Count(fence) = row.get(2)?;
        Ok(Standing {
            seq: row.get(0)?,
            state: row.get(1)?,
            fence,
            not_before: row.get(3)?,
            lease_until: row.get(4)?,
        })
    })
}

fn known(cx: &Cx<'_>, id: &str) -> Result<Standing, Stop> {
    standing(cx, id)?.ok_or_else(|| TaskRefusal::Unknown { id: id.to_owned() }.into())
}

/// The task, if `fence` holds its lease. The clock is not asked.
fn held(cx: &Cx<'_>, id: &str, fence: u64, now: UnixMs) -> Result<Standing, Stop> {
    let task = known(cx, id)?;
    let (id, current, state) = (id.to_owned(), task.fence, task.state);
    if fence == 0 || fence > current {
        let given = fence;
        return Err(TaskRefusal::NeverGiven { id, given, current }.into());
    }
    if fence == current {
        match state {
            TaskState::Leased => return Ok(task),
            TaskState::Completed | TaskState::Dead => {
                return Err(TaskRefusal::EndedBefore { id, state }.into());
            }
            TaskState::Waiting | TaskState::Ready | TaskState::Cancelled => {}
        }
    }
    let why = TaskRefusal::Stale {
        id,
        given: fence,
        current,
        state,
    };
    let seq = task.seq;
    let at = now;
    Err(Stop::Stale(why.into(), StaleTry { seq, fence, at }))
}

/// Records a stale fence after its unit was undone.
pub(super) fn record_stale(conn: &Connection, tried: StaleTry) -> rusqlite::Result<()> {
    let sql = "INSERT INTO stale_fences (seq, fence, times, first_at, last_at) VALUES (?1, ?2, 1, ?3, ?3)
               ON CONFLICT (seq, fence) DO UPDATE SET times = times + 1, last_at = excluded.last_at";
    let params = params![tried.seq, Count(tried.fence), tried.at];
    conn.prepare_cached(sql)?.execute(params).map(drop)
}

/// The number of a queue that may be there.
fn queue_of(conn: &Connection, name: &str) -> rusqlite::Result<Option<i64>> {
    first(
        conn,
        "SELECT id FROM queues WHERE name = ?1",
        [name],
        |row| row.get(0),
    )
}

fn enqueue(cx: &Cx<'_>, op: &Enqueue) -> Result<(), Stop> {
    if let Some(task) = standing(cx, &op.id)? {
        let id = op.id.clone();
        let state = task.state;
        return Err(TaskRefusal::Exists { id, state }.into());
    }
    let queue = match queue_of(cx.conn, &op.queue)? {
        Some(queue) => queue,
        None => {
            cx.execute("INSERT INTO queues (name) VALUES (?1)", [&op.queue])?;
            cx.conn.last_insert_rowid()
        }
    };
    let state = until(op.not_before, op.now);
    let sql = "INSERT INTO tasks (id, queue, priority, state, not_before, fence, changed_at)
               VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6)";
    cx.execute(
        sql,
        params![op.id, queue, op.priority, state, op.not_before, op.now],
    )?;
    let seq = cx.conn.last_insert_rowid();
    let sql = "INSERT INTO task_payloads (seq, payload) VALUES (?1, ?2)";
    cx.execute(sql, params![seq, op.payload])?;
    Ok(())
}

/// The state of a task that is not claimed before a time.
fn until(not_before: UnixMs, now: UnixMs) -> TaskState {
    if not_before > now {
        TaskState::Waiting
    } else {
        TaskState::Ready
    }
}
