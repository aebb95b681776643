//! Questions about jobs.

use rusqlite::{Row, params};

use super::{read, select};
use crate::jobs::{
    CountJobs, GetJob, JobCounts, JobPage, JobRecord, JobStates, JobWhole, ListJobs, OpenJobs,
};
use crate::limits::SCANNED;
use crate::sqlite::db::Db;
use crate::sqlite::values::Count;

pub(super) fn get(db: &Db<'_>, query: &GetJob) -> rusqlite::Result<Option<JobWhole>> {
    let sql = select!(
        ", CASE WHEN ?2 THEN (SELECT content FROM job_contents AS c WHERE c.number = j.number) END, \
         CASE WHEN ?3 THEN (SELECT outcome FROM job_outcomes AS o WHERE o.number = j.number) END",
        "WHERE j.id = ?1"
    );
    db.first(
        sql,
        params![query.id, query.content, query.outcome],
        |row| {
            Ok(JobWhole {
                job: read(row)?,
                content: row.get(13)?,
                outcome: row.get(14)?,
            })
        },
    )
}

pub(super) fn open(db: &Db<'_>, query: &OpenJobs) -> rusqlite::Result<Vec<JobRecord>> {
    let sql = select!(
        "",
        "WHERE j.open = 1 AND j.number > ?1 ORDER BY j.number LIMIT ?2"
    );
    db.all(sql, params![Count(query.after), query.limit], read)
}

pub(super) fn count(db: &Db<'_>, query: &CountJobs) -> rusqlite::Result<JobCounts> {
    let read = |row: &Row<'_>| {
        let (state, Count(jobs)): (u8, Count) = (row.get(0)?, row.get(1)?);
        Ok((usize::from(state), jobs))
    };
    let kept = match query.owner {
        Some(owner) => {
            let sql = "SELECT state, jobs FROM job_counts_by_owner WHERE owner = ?1";
            db.all(sql, [owner], read)?
        }
        None => db.all("SELECT state, jobs FROM job_counts", [], read)?,
    };
    let mut counts = JobCounts::default();
    for (state, jobs) in kept {
        if let Some(count) = counts.0.get_mut(state) {
            *count = jobs;
        }
    }
    Ok(counts)
}

/// Which jobs are looked at. In all statements: ?1 only numbers less than this, ?3 owner, ?4 node, ?5 kind, ?6 states.
macro_rules! looked_at {
    (all) => {
        "WHERE j.number < ?1 AND ?6 > 0"
    };
    (owner) => {
        "WHERE j.owner = ?3 AND j.number < ?1 AND ?6 > 0"
    };
    (node) => {
        "WHERE j.node = ?4 AND j.number < ?1 AND ?6 > 0"
    };
    ($state:literal) => {
        concat!(
            "WHERE j.state = ",
            $state,
            " AND (?6 >> ",
            $state,
            ") & 1 AND j.number < ?1"
        )
    };
}

/// The number at place ?2 of those that are looked at, newest first: looking ends there.
macro_rules! floor {
    ($first:tt $(, $more:tt)*) => {
        concat!(
            "SELECT j.number FROM jobs AS j ", looked_at!($first),
            $(" UNION ALL SELECT j.number FROM jobs AS j ", looked_at!($more),)*
            " ORDER BY 1 DESC LIMIT 1 OFFSET ?2"
        )
    };
}

/// Those of them that fit: ?2 only this number and greater ones, ?7 at most so many.
macro_rules! fitting {
    ($first:tt $(, $more:tt)*) => {
        concat!(
            fitting!(@ $first),
            $(" UNION ALL ", fitting!(@ $more),)*
            " ORDER BY 1 DESC LIMIT ?7"
        )
    };
    (@ $way:tt) => {
        select!(
            "",
            looked_at!($way),
            " AND j.number >= ?2 AND (?3 IS NULL OR j.owner = ?3) AND (?4 IS NULL OR j.node = ?4) \
             AND (?5 IS NULL OR j.kind = ?5) AND (?6 >> j.state) & 1"
        )
    };
}

macro_rules! way {
    // Merged as they are read: one state's jobs stand in the index in order, those of several do not.
    (states) => {
        way!(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
    };
    ($($looked_at:tt),+) => {
        (floor!($($looked_at),+), fitting!($($looked_at),+))
    };
}

pub(super) fn list(db: &Db<'_>, query: &ListJobs) -> rusqlite::Result<JobPage> {
    let any_state = query.states == JobStates::ALL;
    let (owner, node) = (query.owner.is_some(), query.node.is_some());
    let (floor, fitting) = match (owner, node) {
        (true, _) => way!(owner),
        (_, true) => way!(node),
        _ if any_state => way!(all),
        _ => way!(states),
    };
    // Where all that is looked at fits, looking ends with the page.
    let all_fit = query.kind.is_none()
        && match (owner, node) {
            (true, true) => false,
            (false, false) => true,
            _ => any_state,
        };
    let before = Count(query.before.unwrap_or(u64::MAX));
    let (owner, node, kind) = (query.owner, &query.node, &query.kind);
    let states = query.states.0;
    // Of one moment: a job that comes or goes between the two would move the floor.
    db.snapshot(|db| {
        let end = if all_fit {
            None
        } else {
            let params = params![before, SCANNED - 1, owner, node, kind, states];
            db.first(floor, params, |row| row.get(0))?
        };
        let Count(from) = end.unwrap_or(Count(0));
        let params = params![before, Count(from), owner, node, kind, states, query.limit];
        let jobs = db.all(fitting, params, read)?;
        let next = match jobs.last() {
            Some(last) if jobs.len() == query.limit as usize => Some(last.number),
            _ => end.map(|Count(end)| end),
        };
        Ok(JobPage { jobs, next })
    })
}
