//! Transactions on their way, in SQL.

use rusqlite::{Row, params};

use super::db::Db;
use super::exec::{Cx, Stop};
use super::values::Count;
use crate::sends::{
    SendAdd, SendAnswer, SendOp, SendPut, SendQuery, SendRecord, SendRefusal, SendReply,
};

pub(super) fn run(cx: &Cx<'_, '_>, op: &SendOp) -> Result<SendReply, Stop> {
    Ok(match op {
        SendOp::SendAdd(op) => SendReply::SendAdd(add(cx, op)?),
        SendOp::SendPut(op) => SendReply::SendPut(put(cx, op)?),
    })
}

pub(super) fn ask(db: &Db<'_>, query: &SendQuery) -> rusqlite::Result<SendAnswer> {
    Ok(match query {
        SendQuery::GetSend(query) => SendAnswer::GetSend(get(db, &query.id)?),
        SendQuery::OpenSends(query) => {
            let sql = "SELECT number, id, open, version, created_at, changed_at, record FROM sends
                       WHERE open = 1 AND number > ?1 ORDER BY number LIMIT ?2";
            SendAnswer::OpenSends(db.all(sql, params![Count(query.after), query.limit], read)?)
        }
    })
}

fn read(row: &Row<'_>) -> rusqlite::Result<SendRecord> {
    let (Count(number), Count(version)) = (row.get(0)?, row.get(3)?);
    Ok(SendRecord {
        number,
        id: row.get(1)?,
        open: row.get(2)?,
        version,
        created_at: row.get(4)?,
        changed_at: row.get(5)?,
        record: row.get(6)?,
    })
}

fn get(db: &Db<'_>, id: &str) -> rusqlite::Result<Option<SendRecord>> {
    let sql =
        "SELECT number, id, open, version, created_at, changed_at, record FROM sends WHERE id = ?1";
    db.first(sql, [id], read)
}

fn add(cx: &Cx<'_, '_>, op: &SendAdd) -> Result<u64, Stop> {
    // Looked for first: an insertion that meets a conflict uses up a number.
    let there = cx.first("SELECT 1 FROM sends WHERE id = ?1", [&op.id], |_| Ok(()))?;
    if there.is_some() {
        return Err(SendRefusal::Exists { id: op.id.clone() }.into());
    }
    let sql = "INSERT INTO sends (id, open, version, created_at, changed_at, record) VALUES (?1, 1, 1, ?2, ?2, ?3)";
    cx.execute(sql, params![op.id, op.at, op.record])?;
    Ok(cx.db.last_row().cast_unsigned())
}

fn put(cx: &Cx<'_, '_>, op: &SendPut) -> Result<u64, Stop> {
    let id = || op.id.clone();
    let found = get(cx.db, &op.id)?;
    let Some(SendRecord { version, .. }) = found else {
        return Err(SendRefusal::Unknown { id: id() }.into());
    };
    if version != op.version {
        let (given, current) = (op.version, version);
        return Err(SendRefusal::Stale {
            id: id(),
            given,
            current,
        }
        .into());
    }
    let sql = "UPDATE sends SET version = version + 1, open = ?2, changed_at = ?3, record = ?4 WHERE id = ?1";
    cx.execute(sql, params![op.id, op.open, op.at, op.record])?;
    Ok(version + 1)
}
