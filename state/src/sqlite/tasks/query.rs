//! Questions about tasks.

use rusqlite::{Row, params};

use crate::sqlite::db::Db;
use crate::sqlite::values::Count;
use crate::tasks::{
    CountTasks, GetTask, ListStaleFences, ListTasks, StaleFence, TaskCounts, TaskRecord,
};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT t.seq, t.id, t.queue, t.priority, t.payload, ",
            "CASE WHEN w.seq NOT NULL THEN 0 WHEN r.seq NOT NULL THEN 1 WHEN l.seq NOT NULL THEN 2 ELSE o.state END AS stands, ",
            "w.not_before, coalesce(w.fence, r.fence, l.fence, o.fence), l.worker, l.until, ",
            "coalesce(w.changed_at, r.changed_at, l.changed_at, o.changed_at), coalesce(o.outcome, f.reason) ",
            "FROM tasks AS t ",
            "LEFT JOIN task_waiting AS w ON w.seq = t.seq ",
            "LEFT JOIN task_ready AS r ON r.queue = t.queue AND r.rank = -t.priority AND r.seq = t.seq ",
            "LEFT JOIN task_leases AS l ON l.seq = t.seq ",
            "LEFT JOIN task_over AS o ON o.seq = t.seq ",
            "LEFT JOIN task_failures AS f ON f.seq = t.seq ",
            $rest
        )
    };
}

fn read(row: &Row<'_>) -> rusqlite::Result<TaskRecord> {
    let Count(seq) = row.get(0)?;
    let Count(fence) = row.get(7)?;
    Ok(TaskRecord {
        seq,
        id: row.get(1)?,
        queue: row.get(2)?,
        priority: row.get(3)?,
        payload: row.get(4)?,
        state: row.get(5)?,
        not_before: row.get(6)?,
        fence,
        worker: row.get(8)?,
        lease_until: row.get(9)?,
        changed_at: row.get(10)?,
        outcome: row.get(11)?,
    })
}

pub(super) fn get(db: &Db<'_>, query: &GetTask) -> rusqlite::Result<Option<TaskRecord>> {
    db.first(select!("WHERE t.id = ?1"), [&query.id], read)
}

pub(super) fn list(db: &Db<'_>, query: &ListTasks) -> rusqlite::Result<Vec<TaskRecord>> {
    let sql = select!("WHERE t.seq > ?3 AND t.queue = ?1 AND stands = ?2 ORDER BY t.seq LIMIT ?4");
    let after = Count(query.after);
    let params = params![query.queue, query.state, after, query.limit];
    db.all(sql, params, read)
}

pub(super) fn count(db: &Db<'_>, query: &CountTasks) -> rusqlite::Result<TaskCounts> {
    // One statement, so that all three are of one moment.
    let sql = "SELECT (SELECT count(*) FROM task_waiting WHERE queue = ?1),
                      (SELECT count(*) FROM task_ready WHERE queue = ?1),
                      (SELECT count(*) FROM task_leases AS l JOIN tasks AS t ON t.seq = l.seq WHERE t.queue = ?1)";
    let counts = db.first(sql, [&query.queue], |row| {
        let (Count(waiting), Count(ready), Count(leased)) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(TaskCounts {
            waiting,
            ready,
            leased,
        })
    })?;
    Ok(counts.unwrap_or_default())
}

pub(super) fn stale_fences(
    db: &Db<'_>,
    query: &ListStaleFences,
) -> rusqlite::Result<Vec<StaleFence>> {
    let sql = "SELECT s.fence, s.times, s.first_at, s.last_at FROM stale_fences AS s JOIN tasks AS t ON t.seq = s.seq
               WHERE t.id = ?1 ORDER BY s.fence LIMIT ?2";
    db.all(sql, params![query.id, query.limit], |row| {
        let (Count(fence), Count(times)) = (row.get(0)?, row.get(1)?);
        Ok(StaleFence {
            fence,
            times,
            first_at: row.get(2)?,
            last_at: row.get(3)?,
        })
    })
}
