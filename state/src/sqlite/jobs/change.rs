//! Changes of one job.

use rusqlite::params;

use crate::jobs::{JobContent, JobInsert, JobOutcome, JobPut, JobRefusal};
use crate::sqlite::exec::{Cx, Stop};
use crate::sqlite::values::Count;

/// What guards a change.
struct Guard {
    number: i64,
    version: u64,
    /// Open, and waiting for its content.
    awaits: bool,
}

fn known(cx: &Cx<'_, '_>, id: &str) -> Result<Guard, Stop> {
    let sql = "SELECT number, version, open AND awaits_content FROM jobs WHERE id = ?1";
    let found = cx.first(sql, [id], |row| {
        let Count(version) = row.get(1)?;
        let (number, awaits) = (row.get(0)?, row.get(2)?);
        Ok(Guard {
            number,
            version,
            awaits,
        })
    })?;
    found.ok_or_else(|| JobRefusal::Unknown { id: id.to_owned() }.into())
}

fn at_version(cx: &Cx<'_, '_>, id: &str, given: u64) -> Result<Guard, Stop> {
    let guard = known(cx, id)?;
    if guard.version != given {
        let (id, current) = (id.to_owned(), guard.version);
        return Err(JobRefusal::Stale { id, given, current }.into());
    }
    Ok(guard)
}

pub(super) fn insert(cx: &Cx<'_, '_>, op: &JobInsert) -> Result<u64, Stop> {
    let there = cx.first("SELECT 1 FROM jobs WHERE id = ?1", [&op.id], |_| Ok(()))?;
    if there.is_some() {
        return Err(JobRefusal::Exists { id: op.id.clone() }.into());
    }
    let sql = "INSERT INTO jobs (id, owner, kind, state, open, node, due, awaits_content, version, created_at, changed_at, record)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 1, ?9, ?9, ?10)";
    let params = params![
        op.id,
        op.owner,
        op.kind,
        op.state,
        op.open,
        op.node,
        op.due,
        op.awaits_content,
        op.at,
        op.record
    ];
    cx.execute(sql, params)?;
    let number = cx.db.last_row();
    let sql = "INSERT INTO job_contents (number, content) VALUES (?1, ?2)";
    cx.execute(sql, params![number, op.content])?;
    Ok(number.cast_unsigned())
}

pub(super) fn put(cx: &Cx<'_, '_>, op: &JobPut) -> Result<u64, Stop> {
    let number = at_version(cx, &op.id, op.version)?.number;
    let sql = "UPDATE jobs SET version = version + 1, state = ?2, open = ?3, node = ?4, due = ?5, record = ?6, changed_at = ?7
               WHERE number = ?1";
    let params = params![number, op.state, op.open, op.node, op.due, op.record, op.at];
    cx.execute(sql, params)?;
    Ok(op.version + 1)
}

pub(super) fn content(cx: &Cx<'_, '_>, op: &JobContent) -> Result<(), Stop> {
    let guard = at_version(cx, &op.id, op.version)?;
    if !guard.awaits {
        return Err(JobRefusal::NotAwaited { id: op.id.clone() }.into());
    }
    let sql = "UPDATE jobs SET awaits_content = 0 WHERE number = ?1";
    cx.execute(sql, [guard.number])?;
    let sql = "UPDATE job_contents SET content = ?2 WHERE number = ?1";
    cx.execute(sql, params![guard.number, op.content])?;
    Ok(())
}

pub(super) fn outcome(cx: &Cx<'_, '_>, op: &JobOutcome) -> Result<(), Stop> {
    let number = known(cx, &op.id)?.number;
    let sql = "INSERT INTO job_outcomes (number, outcome) VALUES (?1, ?2)
               ON CONFLICT (number) DO UPDATE SET outcome = excluded.outcome";
    cx.execute(sql, params![number, op.outcome])?;
    Ok(())
}
