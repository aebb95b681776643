//! Leases of tasks: claimed, renewed, taken back.

use rusqlite::params;

use super::{held, known, queue_of};
use crate::ids::UnixMs;
use crate::sqlite::exec::{Cx, Stop, all};
use crate::sqlite::values::Count;
use crate::tasks::{
    Claim, ClaimTask, Claimed, ExpireLeases, Expired, PROMOTED, Renew, TaskRefusal, TaskState,
};

pub(super) fn claim(cx: &Cx<'_>, op: &Claim) -> Result<Vec<Claimed>, Stop> {
    let Some(queue) = queue_of(cx.conn, &op.queue)? else {
        return Ok(Vec::new());
    };
    promote(cx, queue, op.now)?;
    let sql =
        "SELECT seq FROM tasks WHERE queue = ?1 AND state = 1 ORDER BY priority DESC, seq LIMIT ?2";
    let chosen: Vec<i64> = all(cx.conn, sql, params![queue, op.limit], |row| row.get(0))?;
    let until = op.now.saturating_add(op.lease_ms);
    chosen
        .into_iter()
        .map(|seq| lease(cx, seq, &op.worker, op.now, until))
        .collect()
}

/// Makes tasks ready whose time has come.
fn promote(cx: &Cx<'_>, queue: i64, now: UnixMs) -> rusqlite::Result<()> {
    let due = "SELECT 1 FROM tasks WHERE queue = ?1 AND state = 0 AND not_before <= ?2 LIMIT 1";
    if cx.first(due, params![queue, now], |_| Ok(()))?.is_none() {
        return Ok(());
    }
    let sql = "UPDATE tasks SET state = 1, changed_at = ?2 WHERE seq IN
               (SELECT seq FROM tasks WHERE queue = ?1 AND state = 0 AND not_before <= ?2
                ORDER BY not_before, seq LIMIT ?3)";
    cx.execute(sql, params![queue, now, PROMOTED]).map(drop)
}

pub(super) fn claim_task(cx: &Cx<'_>, op: &ClaimTask) -> Result<Claimed, Stop> {
    let task = known(cx, &op.id)?;
    let due = "SELECT 1 FROM tasks WHERE seq = ?1 AND not_before <= ?2";
    let may = match task.state {
        TaskState::Ready => true,
        TaskState::Waiting => cx
            .first(due, params![task.seq, op.now], |_| Ok(()))?
            .is_some(),
        _ => false,
    };
    if !may {
        let id = op.id.clone();
        let state = task.state;
        return Err(TaskRefusal::NotReady { id, state }.into());
    }
    let until = op.now.saturating_add(op.lease_ms);
    lease(cx, task.seq, &op.worker, op.now, until)
}

/// Leases a task under its next fence.
fn lease(
    cx: &Cx<'_>,
    seq: i64,
    worker: &str,
    now: UnixMs,
    lease_until: UnixMs,
) -> Result<Claimed, Stop> {
    let sql = "UPDATE tasks SET state = 2, fence = fence + 1, worker = ?2, lease_until = ?3, changed_at = ?4
               WHERE seq = ?1
               RETURNING id, fence, priority, (SELECT payload FROM task_payloads WHERE seq = ?1)";
    let params = params![seq, worker, lease_until, now];
    let claimed = cx.conn.prepare_cached(sql)?.query_row(params, |row| {
        let Count(fence) = row.get(1)?;
        Ok(Claimed {
            id: row.get(0)?,
            fence,
            priority: row.get(2)?,
            payload: row.get(3)?,
            lease_until,
        })
    })?;
    Ok(claimed)
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
