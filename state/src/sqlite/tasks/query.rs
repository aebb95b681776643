//! Questions about tasks.

use rusqlite::{Connection, Row, params};

use super::queue_of;
use crate::sqlite::exec::{all, first};
use crate::sqlite::values::Count;
use crate::tasks::{
    CountTasks, GetTask, ListStaleFences, ListTasks, StaleFence, TaskCounts, TaskRecord, TaskState,
};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT t.seq, t.id, q.name, t.priority, p.payload, t.state, t.not_before, t.fence, t.worker, t.lease_until, ",
            "t.changed_at, o.outcome FROM tasks AS t JOIN queues AS q ON q.id = t.queue ",
            "JOIN task_payloads AS p ON p.seq = t.seq LEFT JOIN task_outcomes AS o ON o.seq = t.seq ",
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

pub(super) fn get(conn: &Connection, query: &GetTask) -> rusqlite::Result<Option<TaskRecord>> {
    first(conn, select!("WHERE t.id = ?1"), [&query.id], read)
}

pub(super) fn list(conn: &Connection, query: &ListTasks) -> rusqlite::Result<Vec<TaskRecord>> {
    let sql = select!("WHERE q.name = ?1 AND t.state = ?2 AND t.seq > ?3 ORDER BY t.seq LIMIT ?4");
    let after = Count(query.after);
    all(
        conn,
        sql,
        params![query.queue, query.state, after, query.limit],
        read,
    )
}

pub(super) fn count(conn: &Connection, query: &CountTasks) -> rusqlite::Result<TaskCounts> {
    let Some(queue) = queue_of(conn, &query.queue)? else {
        return Ok(TaskCounts::default());
    };
    // One statement, so that all three are of one moment; each by its own partial index.
    let sql = "SELECT (SELECT count(*) FROM tasks WHERE queue = ?1 AND state = 0),
                      (SELECT count(*) FROM tasks WHERE queue = ?1 AND state = 1),
                      (SELECT count(*) FROM tasks WHERE queue = ?1 AND state = 2)";
    let counts = first(conn, sql, [queue], |row| {
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
    conn: &Connection,
    query: &ListStaleFences,
) -> rusqlite::Result<Vec<StaleFence>> {
    let sql = "SELECT s.fence, s.times, s.first_at, s.last_at FROM stale_fences AS s JOIN tasks AS t ON t.seq = s.seq
               WHERE t.id = ?1 ORDER BY s.fence LIMIT ?2";
    all(conn, sql, params![query.id, query.limit], |row| {
        let (Count(fence), Count(times)) = (row.get(0)?, row.get(1)?);
        Ok(StaleFence {
            fence,
            times,
            first_at: row.get(2)?,
            last_at: row.get(3)?,
        })
    })
}

/// How a state's number is stated in the partial indexes, which only literals reach.
const _: () = assert!(
    TaskState::Ready as i64 == 1
        && TaskState::Leased as i64 == 2
        && TaskState::Completed as i64 == 3
);
