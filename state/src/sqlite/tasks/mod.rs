//! Tasks in SQL. Where a task stands is which table has its row; `place` moves it from one to another.

mod claim;
mod end;
mod place;
mod query;

use rusqlite::params;

use self::place::Place;
use super::db::Db;
use super::exec::{Cx, StaleTry, Stop};
use super::values::Count;
use crate::ids::UnixMs;
use crate::tasks::{Enqueue, TaskAnswer, TaskOp, TaskQuery, TaskRefusal, TaskReply, TaskState};

pub(super) fn run(cx: &Cx<'_, '_>, op: &TaskOp) -> Result<TaskReply, Stop> {
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

pub(super) fn ask(db: &Db<'_>, query: &TaskQuery) -> rusqlite::Result<TaskAnswer> {
    Ok(match query {
        TaskQuery::GetTask(query) => TaskAnswer::GetTask(query::get(db, query)?),
        TaskQuery::ListTasks(query) => TaskAnswer::ListTasks(query::list(db, query)?),
        TaskQuery::CountTasks(query) => TaskAnswer::CountTasks(query::count(db, query)?),
        TaskQuery::ListStaleFences(query) => {
            TaskAnswer::ListStaleFences(query::stale_fences(db, query)?)
        }
    })
}

fn enqueue(cx: &Cx<'_, '_>, op: &Enqueue) -> Result<(), Stop> {
    let there = cx.first("SELECT 1 FROM tasks WHERE id = ?1", [&op.id], |_| Ok(()))?;
    if there.is_some() {
        let id = op.id.clone();
        let state = place::known(cx, &op.id)?.state;
        return Err(TaskRefusal::Exists { id, state }.into());
    }
    let sql = "INSERT INTO tasks (id, queue, priority, payload) VALUES (?1, ?2, ?3, ?4)";
    cx.execute(sql, params![op.id, op.queue, op.priority, op.payload])?;
    let place = Place {
        seq: cx.db.last_row(),
        queue: op.queue.clone(),
        priority: op.priority,
        state: TaskState::Ready,
        fence: 0,
        until: None,
    };
    place::wait(cx, &place, op.not_before, op.now)?;
    Ok(())
}

/// What a worker's word about its lease is worth.
struct Held {
    seq: i64,
    until: UnixMs,
}

/// The lease, if `fence` holds it. The clock is not asked.
fn held(cx: &Cx<'_, '_>, id: &str, fence: u64, now: UnixMs) -> Result<Held, Stop> {
    let sql = "SELECT l.seq, l.fence, l.until FROM tasks AS t JOIN task_leases AS l ON l.seq = t.seq WHERE t.id = ?1";
    let lease = cx.first(sql, [id], |row| {
        let Count(fence) = row.get(1)?;
        let (seq, until) = (row.get(0)?, row.get(2)?);
        Ok((fence, Held { seq, until }))
    })?;
    match lease {
        Some((current, held)) if current == fence => Ok(held),
        _ => Err(not_held(cx, id, fence, now)?),
    }
}

/// Why a fence does not hold a task's lease.
fn not_held(cx: &Cx<'_, '_>, id: &str, given: u64, at: UnixMs) -> Result<Stop, Stop> {
    let place = place::known(cx, id)?;
    let (id, current, state) = (id.to_owned(), place.fence, place.state);
    if given == 0 || given > current {
        return Ok(TaskRefusal::NeverGiven { id, given, current }.into());
    }
    if given == current && matches!(state, TaskState::Completed | TaskState::Dead) {
        return Ok(TaskRefusal::EndedBefore { id, state }.into());
    }
    let why = TaskRefusal::Stale {
        id,
        given,
        current,
        state,
    };
    let tried = StaleTry {
        seq: place.seq,
        fence: given,
        at,
    };
    Ok(Stop::Stale(why.into(), tried))
}

/// Records a stale fence after its unit was undone.
pub(super) fn record_stale(db: &Db<'_>, tried: StaleTry) -> rusqlite::Result<()> {
    let sql = "INSERT INTO stale_fences (seq, fence, times, first_at, last_at) VALUES (?1, ?2, 1, ?3, ?3)
               ON CONFLICT (seq, fence) DO UPDATE SET times = times + 1, last_at = excluded.last_at";
    let params = params![tried.seq, Count(tried.fence), tried.at];
    db.execute(sql, params).map(drop)
}
