//! Leases of tasks: claimed, renewed, taken back.

use rusqlite::{Row, params};

use super::{held, known};
use crate::ids::UnixMs;
use crate::sqlite::exec::{Cx, Stop, all};
use crate::sqlite::values::Count;
use crate::tasks::{
    Claim, ClaimTask, Claimed, ExpireLeases, Expired, PROMOTED, Renew, TaskRefusal, TaskState,
};

pub(super) fn claim(cx: &Cx<'_>, op: &Claim) -> Result<Vec<Claimed>, Stop> {
    let sql = "SELECT q.id, EXISTS (SELECT 1 FROM tasks WHERE queue = q.id AND state = 0 AND not_before <= ?2)
               FROM queues AS q WHERE q.name = ?1";
    let found = cx.first(sql, params![op.queue, op.now], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, bool>(1)?))
    })?;
    let Some((queue, some_are_due)) = found else {
        return Ok(Vec::new());
    };
    if some_are_due {
        promote(cx, queue, op.now)?;
    }
    let lease_until = op.now.saturating_add(op.lease_ms);
    let sql = "SELECT t.seq, t.id, t.fence, t.priority, p.payload
               FROM tasks AS t JOIN task_payloads AS p ON p.seq = t.seq
               WHERE t.queue = ?1 AND t.state = 1 ORDER BY t.priority DESC, t.seq LIMIT ?2";
    let chosen = all(cx.conn, sql, params![queue, op.limit], |row| {
        read(row, lease_until)
    })?;
    let lease = |(seq, task)| lease(cx, seq, task, &op.worker, op.now);
    chosen.into_iter().map(lease).collect()
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

/// Makes tasks ready whose time has come.
fn promote(cx: &Cx<'_>, queue: i64, now: UnixMs) -> rusqlite::Result<()> {
    let sql = "UPDATE tasks SET state = 1, changed_at = ?2 WHERE seq IN
               (SELECT seq FROM tasks WHERE queue = ?1 AND state = 0 AND not_before <= ?2
                ORDER BY not_before, seq LIMIT ?3)";
    cx.execute(sql, params![queue, now, PROMOTED]).map(drop)
}

pub(super) fn claim_task(cx: &Cx<'_>, op: &ClaimTask) -> Result<Claimed, Stop> {
    let task = known(cx, &op.id)?;
    let may = match task.state {
        TaskState::Ready => true,
        TaskState::Waiting => task.not_before <= op.now,
        _ => false,
    };
    if !may {
        let id = op.id.clone();
        let state = task.state;
        return Err(TaskRefusal::NotReady { id, state }.into());
    }
    let lease_until = op.now.saturating_add(op.lease_ms);
    let sql = "SELECT t.seq, t.id, t.fence, t.priority, p.payload
               FROM tasks AS t JOIN task_payloads AS p ON p.seq = t.seq WHERE t.seq = ?1";
    let mut statement = cx.conn.prepare_cached(sql)?;
    let (seq, task) = statement.query_row([task.seq], |row| read(row, lease_until))?;
    lease(cx, seq, task, &op.worker, op.now)
}

/// Writes a lease down.
fn lease(cx: &Cx<'_>, seq: i64, task: Claimed, worker: &str, now: UnixMs) -> Result<Claimed, Stop> {
    let sql = "UPDATE tasks SET state = 2, fence = ?2, worker = ?3, lease_until = ?4, changed_at = ?5 WHERE seq = ?1";
    let params = params![seq, Count(task.fence), worker, task.lease_until, now];
    cx.execute(sql, params)?;
    Ok(task)
}

pub(super) fn renew(cx: &Cx<'_>, op: &Renew) -> Result<UnixMs, Stop> {
    let task = held(cx, &op.id, op.fence, op.now)?;
    let wanted = op.now.saturating_add(op.lease_ms);
    let until = task.lease_until.map_or(wanted, |until| until.max(wanted));
    let sql = "UPDATE tasks SET lease_until = ?2 WHERE seq = ?1";
    cx.execute(sql, params![task.seq, until])?;
    Ok(until)
}

pub(super) fn expire(cx: &Cx<'_>, op: &ExpireLeases) -> Result<Vec<Expired>, Stop> {
    let sql = "SELECT t.seq, t.id, q.name, t.worker, t.fence FROM tasks AS t JOIN queues AS q ON q.id = t.queue
               WHERE t.state = 2 AND t.lease_until <= ?1 ORDER BY t.lease_until, t.seq LIMIT ?2";
    let ended = all(cx.conn, sql, params![op.now, op.limit], |row| {
        let Count(fence) = row.get(4)?;
        let expired = Expired {
            id: row.get(1)?,
            queue: row.get(2)?,
            worker: row.get(3)?,
            fence,
        };
        Ok((row.get::<_, i64>(0)?, expired))
    })?;
    let sql = "UPDATE tasks SET state = 1, worker = NULL, lease_until = NULL, changed_at = ?2 WHERE seq = ?1";
    for (seq, _) in &ended {
        cx.execute(sql, params![seq, op.now])?;
    }
    Ok(ended.into_iter().map(|(_, expired)| expired).collect())
}
