//! Leases of tasks: claimed, renewed, taken back.

use rusqlite::{Row, params};

use super::held;
use super::place::{self, Place};
use crate::ids::UnixMs;
use crate::sqlite::exec::{Cx, Stop};
use crate::sqlite::values::Count;
use crate::tasks::{
    Claim, ClaimTask, Claimed, ExpireLeases, Expired, PROMOTED, Renew, TaskRefusal, TaskState,
};

pub(super) fn claim(cx: &Cx<'_, '_>, op: &Claim) -> Result<Vec<Claimed>, Stop> {
    let lease_until = op.now.saturating_add(op.lease_ms);
    // One statement tells both what is ready and whether more is due: nearly always nothing is.
    let sql = "SELECT t.seq, t.id, r.fence, t.priority, t.payload,
                      EXISTS (SELECT 1 FROM task_waiting WHERE queue = ?1 AND not_before <= ?3)
               FROM task_ready AS r JOIN tasks AS t ON t.seq = r.seq
               WHERE r.queue = ?1 ORDER BY r.rank, r.seq LIMIT ?2";
    let look = || -> rusqlite::Result<(Vec<(i64, Claimed)>, bool)> {
        let mut some_are_due = false;
        let params = params![op.queue, op.limit, op.now];
        let chosen = cx.db.all(sql, params, |row| {
            some_are_due = row.get(5)?;
            read(row, lease_until)
        })?;
        Ok((chosen, some_are_due))
    };
    let (mut chosen, some_are_due) = look()?;
    if (some_are_due || chosen.is_empty()) && promote(cx, &op.queue, op.now)? {
        (chosen, _) = look()?;
    }
    for (seq, task) in &chosen {
        place::leave_ready(cx, *seq, &op.queue, task.priority)?;
        lease(cx, *seq, task, &op.worker, op.now)?;
    }
    Ok(chosen.into_iter().map(|(_, task)| task).collect())
}

/// Reads `seq, id, fence, priority, payload` of a task that is about to be leased under its next fence.
fn read(row: &Row<'_>, lease_until: UnixMs) -> rusqlite::Result<(i64, Claimed)> {
    let Count(fence) = row.get(2)?;
    let task = Claimed {
        id: row.get(1)?,
        fence: fence + 1,
        priority: row.get(3)?,
        payload: row.get(4)?,
        lease_until,
    };
    Ok((row.get(0)?, task))
}

/// Makes tasks ready whose time has come; whether there were any.
fn promote(cx: &Cx<'_, '_>, queue: &str, now: UnixMs) -> rusqlite::Result<bool> {
    let sql = "SELECT w.seq, w.queue, t.priority, w.fence FROM task_waiting AS w JOIN tasks AS t ON t.seq = w.seq
               WHERE w.queue = ?1 AND w.not_before <= ?2 ORDER BY w.not_before, w.seq LIMIT ?3";
    let due = cx.db.all(sql, params![queue, now, PROMOTED], |row| {
        let Count(fence) = row.get(3)?;
        Ok(Place {
            seq: row.get(0)?,
            queue: row.get(1)?,
            priority: row.get(2)?,
            state: TaskState::Waiting,
            fence,
            until: None,
        })
    })?;
    for task in &due {
        place::leave(cx, task)?;
        place::ready(cx, task, now)?;
    }
    Ok(!due.is_empty())
}

pub(super) fn claim_task(cx: &Cx<'_, '_>, op: &ClaimTask) -> Result<Claimed, Stop> {
    let task = place::known(cx, &op.id)?;
    let state = task.state;
    let due = state == TaskState::Waiting && task.until.is_some_and(|at| at <= op.now);
    if !due && state != TaskState::Ready {
        let id = op.id.clone();
        return Err(TaskRefusal::NotReady { id, state }.into());
    }
    let payload = cx.first(
        "SELECT payload FROM tasks WHERE seq = ?1",
        [task.seq],
        |row| row.get(0),
    )?;
    let claimed = Claimed {
        id: op.id.clone(),
        fence: task.fence + 1,
        priority: task.priority,
        payload: payload.unwrap_or_default(),
        lease_until: op.now.saturating_add(op.lease_ms),
    };
    place::leave(cx, &task)?;
    lease(cx, task.seq, &claimed, &op.worker, op.now)?;
    Ok(claimed)
}

/// Leases a task that has no place.
fn lease(
    cx: &Cx<'_, '_>,
    seq: i64,
    task: &Claimed,
    worker: &str,
    now: UnixMs,
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO task_leases (seq, fence, worker, until, changed_at) VALUES (?1, ?2, ?3, ?4, ?5)";
    let params = params![seq, Count(task.fence), worker, task.lease_until, now];
    cx.execute(sql, params).map(drop)
}

pub(super) fn renew(cx: &Cx<'_, '_>, op: &Renew) -> Result<UnixMs, Stop> {
    let lease = held(cx, &op.id, op.fence, op.now)?;
    let until = lease.until.max(op.now.saturating_add(op.lease_ms));
    if until > lease.until {
        let sql = "UPDATE task_leases SET until = ?2 WHERE seq = ?1";
        cx.execute(sql, params![lease.seq, until])?;
    }
    Ok(until)
}

pub(super) fn expire(cx: &Cx<'_, '_>, op: &ExpireLeases) -> Result<Vec<Expired>, Stop> {
    let sql = "SELECT l.seq, t.queue, t.priority, l.fence, t.id, l.worker
               FROM task_leases AS l JOIN tasks AS t ON t.seq = l.seq
               WHERE l.until <= ?1 ORDER BY l.until, l.seq LIMIT ?2";
    let ended = cx.db.all(sql, params![op.now, op.limit], |row| {
        let Count(fence) = row.get(3)?;
        let place = Place {
            seq: row.get(0)?,
            queue: row.get(1)?,
            priority: row.get(2)?,
            state: TaskState::Leased,
            fence,
            until: None,
        };
        Ok((place, row.get(4)?, row.get(5)?))
    })?;
    let mut expired = Vec::with_capacity(ended.len());
    for (place, id, worker) in ended {
        place::leave(cx, &place)?;
        place::ready(cx, &place, op.now)?;
        expired.push(Expired {
            id,
            queue: place.queue,
            worker,
            fence: place.fence,
        });
    }
    Ok(expired)
}
