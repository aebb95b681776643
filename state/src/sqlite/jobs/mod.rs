//! Jobs in SQL. The counts are kept by triggers of the table.

mod change;
mod query;
mod trim;

use rusqlite::Row;

use super::db::Db;
use super::exec::{Cx, Stop};
use super::values::Count;
use crate::jobs::{JobAnswer, JobOp, JobQuery, JobRecord, JobReply};

pub(super) fn run(cx: &Cx<'_, '_>, op: &JobOp) -> Result<JobReply, Stop> {
    Ok(match op {
        JobOp::JobInsert(op) => JobReply::JobInsert(change::insert(cx, op)?),
        JobOp::JobPut(op) => JobReply::JobPut(change::put(cx, op)?),
        JobOp::JobContent(op) => JobReply::JobContent(change::content(cx, op)?),
        JobOp::JobOutcome(op) => JobReply::JobOutcome(change::outcome(cx, op)?),
        JobOp::JobsTrim(op) => JobReply::JobsTrim(trim::trim(cx, op)?),
    })
}

pub(super) fn ask(db: &Db<'_>, query: &JobQuery) -> rusqlite::Result<JobAnswer> {
    Ok(match query {
        JobQuery::GetJob(query) => JobAnswer::GetJob(query::get(db, query)?),
        JobQuery::ListJobs(query) => JobAnswer::ListJobs(query::list(db, query)?),
        JobQuery::OpenJobs(query) => JobAnswer::OpenJobs(query::open(db, query)?),
        JobQuery::CountJobs(query) => JobAnswer::CountJobs(query::count(db, query)?),
    })
}

/// A job's columns in the order of [`read`]; `j` is the job.
macro_rules! select {
    ($more:literal, $($rest:expr),+) => {
        concat!(
            "SELECT j.number, j.id, j.owner, j.kind, j.state, j.open, j.node, j.due, j.awaits_content, j.version, ",
            "j.created_at, j.changed_at, j.record",
            $more,
            " FROM jobs AS j ",
            $($rest),+
        )
    };
}

use select;

fn read(row: &Row<'_>) -> rusqlite::Result<JobRecord> {
    let (Count(number), Count(version)) = (row.get(0)?, row.get(9)?);
    Ok(JobRecord {
        number,
        id: row.get(1)?,
        owner: row.get(2)?,
        kind: row.get(3)?,
        state: row.get(4)?,
        open: row.get(5)?,
        node: row.get(6)?,
        due: row.get(7)?,
        awaits_content: row.get(8)?,
        version,
        created_at: row.get(10)?,
        changed_at: row.get(11)?,
        record: row.get(12)?,
    })
}
