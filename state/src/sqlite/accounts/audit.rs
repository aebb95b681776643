//! The audit trail in SQL.

use rusqlite::{Row, params};

use crate::accounts::{AuditAppend, AuditRecord, ListAudit, NewestAudit};
use crate::sqlite::db::Db;
use crate::sqlite::exec::{Cx, Stop};
use crate::sqlite::values::Count;

fn read(row: &Row<'_>) -> rusqlite::Result<AuditRecord> {
    let Count(seq) = row.get(0)?;
    Ok(AuditRecord {
        seq,
        at: row.get(1)?,
        actor: row.get(2)?,
        action: row.get(3)?,
        subject: row.get(4)?,
        detail: row.get(5)?,
    })
}

pub(super) fn append(cx: &Cx<'_, '_>, op: &AuditAppend) -> Result<u64, Stop> {
    let sql = "INSERT INTO audit (at, actor, action, subject, detail) VALUES (?1, ?2, ?3, ?4, ?5)";
    cx.execute(
        sql,
        params![op.at, op.actor, op.action, op.subject, op.detail],
    )?;
    Ok(cx.db.last_row().cast_unsigned())
}

pub(super) fn list(db: &Db<'_>, query: &ListAudit) -> rusqlite::Result<Vec<AuditRecord>> {
    let after = Count(query.after);
    match &query.subject {
        Some(subject) => {
            let sql = "SELECT seq, at, actor, action, subject, detail FROM audit
                       WHERE subject = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3";
            db.all(sql, params![subject, after, query.limit], read)
        }
        None => {
            let sql = "SELECT seq, at, actor, action, subject, detail FROM audit
                       WHERE seq > ?1 ORDER BY seq LIMIT ?2";
            db.all(sql, params![after, query.limit], read)
        }
    }
}

pub(super) fn newest(db: &Db<'_>, query: &NewestAudit) -> rusqlite::Result<Vec<AuditRecord>> {
    let sql = "SELECT seq, at, actor, action, subject, detail FROM audit
               WHERE (?1 IS NULL OR actor = ?1 OR subject = ?1)
                 AND (?2 IS NULL OR substr(action, 1, length(?2)) = ?2) AND seq < ?3
               ORDER BY seq DESC LIMIT ?4";
    let before = query
        .before
        .map_or(i64::MAX, |before| i64::try_from(before).unwrap_or(i64::MAX));
    db.all(
        sql,
        params![query.who, query.action, before, query.limit],
        read,
    )
}
