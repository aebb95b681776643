//! Where a task stands, and its moves.

use rusqlite::params;

use crate::ids::UnixMs;
use crate::sqlite::exec::{Cx, Stop};
use crate::sqlite::values::Count;
use crate::tasks::{TaskRefusal, TaskState};

/// A task's place: one row of one of the tables.
pub(super) struct Place {
    pub(super) seq: i64,
    pub(super) queue: String,
    pub(super) priority: i32,
    pub(super) state: TaskState,
    pub(super) fence: u64,
    /// When its time comes, or its lease ends.
    pub(super) until: Option<UnixMs>,
}

/// The place of a task that must be there.
pub(super) fn known(cx: &Cx<'_, '_>, id: &str) -> Result<Place, Stop> {
    let sql = "SELECT t.seq, t.queue, t.priority,
                      CASE WHEN w.seq NOT NULL THEN 0 WHEN r.seq NOT NULL THEN 1 WHEN l.seq NOT NULL THEN 2 ELSE o.state END,
                      coalesce(w.fence, r.fence, l.fence, o.fence), coalesce(w.not_before, l.until)
               FROM tasks AS t
               LEFT JOIN task_waiting AS w ON w.seq = t.seq
               LEFT JOIN task_ready AS r ON r.queue = t.queue AND r.rank = -t.priority AND r.seq = t.seq
               LEFT JOIN task_leases AS l ON l.seq = t.seq
               LEFT JOIN task_over AS o ON o.seq = t.seq
               WHERE t.id = ?1";
    let found = cx.first(sql, [id], |row| {
        let Count(fence) = row.get(4)?;
        Ok(Place {
            seq: row.get(0)?,
            queue: row.get(1)?,
            priority: row.get(2)?,
            state: row.get(3)?,
            fence,
            until: row.get(5)?,
        })
    })?;
    found.ok_or_else(|| TaskRefusal::Unknown { id: id.to_owned() }.into())
}

/// Takes a task out of its place.
pub(super) fn leave(cx: &Cx<'_, '_>, place: &Place) -> rusqlite::Result<()> {
    match place.state {
        TaskState::Waiting => {
            cx.execute("DELETE FROM task_waiting WHERE seq = ?1", [place.seq])?;
        }
        TaskState::Ready => leave_ready(cx, place.seq, &place.queue, place.priority)?,
        TaskState::Leased => end_lease(cx, place.seq)?,
        // What is over is not moved.
        TaskState::Completed | TaskState::Dead | TaskState::Cancelled => {}
    }
    Ok(())
}

pub(super) fn leave_ready(
    cx: &Cx<'_, '_>,
    seq: i64,
    queue: &str,
    priority: i32,
) -> rusqlite::Result<()> {
    let sql = "DELETE FROM task_ready WHERE queue = ?1 AND rank = ?2 AND seq = ?3";
    let rank = -i64::from(priority);
    cx.execute(sql, params![queue, rank, seq]).map(drop)
}

pub(super) fn end_lease(cx: &Cx<'_, '_>, seq: i64) -> rusqlite::Result<()> {
    cx.execute("DELETE FROM task_leases WHERE seq = ?1", [seq])
        .map(drop)
}

/// Puts a task that has no place among those that wait for their time, or that are ready if it has come.
pub(super) fn wait(
    cx: &Cx<'_, '_>,
    place: &Place,
    not_before: UnixMs,
    now: UnixMs,
) -> rusqlite::Result<()> {
    if not_before <= now {
        return ready(cx, place, now);
    }
    let sql = "INSERT INTO task_waiting (seq, queue, not_before, fence, changed_at) VALUES (?1, ?2, ?3, ?4, ?5)";
    let fence = Count(place.fence);
    let params = params![place.seq, place.queue, not_before, fence, now];
    cx.execute(sql, params).map(drop)
}

/// Puts a task that has no place among those that may be claimed.
pub(super) fn ready(cx: &Cx<'_, '_>, place: &Place, now: UnixMs) -> rusqlite::Result<()> {
    let sql =
        "INSERT INTO task_ready (queue, rank, seq, fence, changed_at) VALUES (?1, ?2, ?3, ?4, ?5)";
    let rank = -i64::from(place.priority);
    let params = params![place.queue, rank, place.seq, Count(place.fence), now];
    cx.execute(sql, params).map(drop)
}

/// Puts a task that has no place among those that are over.
pub(super) fn over(
    cx: &Cx<'_, '_>,
    seq: i64,
    state: TaskState,
    fence: u64,
    outcome: &[u8],
    now: UnixMs,
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO task_over (seq, state, fence, outcome, changed_at) VALUES (?1, ?2, ?3, ?4, ?5)";
    cx.execute(sql, params![seq, state, Count(fence), outcome, now])
        .map(drop)
}
