//! Cursors in SQL.

use rusqlite::params;

use super::db::Db;
use super::exec::{Cx, Stop};
use crate::cursors::{
    CursorAnswer, CursorMove, CursorOp, CursorQuery, CursorRecord, CursorRefusal, CursorReply,
};

pub(super) fn run(cx: &Cx<'_, '_>, op: &CursorOp) -> Result<CursorReply, Stop> {
    Ok(match op {
        CursorOp::CursorMove(op) => CursorReply::CursorMove(go(cx, op)?),
    })
}

pub(super) fn ask(db: &Db<'_>, query: &CursorQuery) -> rusqlite::Result<CursorAnswer> {
    match query {
        CursorQuery::GetCursor(query) => get(db, &query.name).map(CursorAnswer::GetCursor),
    }
}

fn get(db: &Db<'_>, name: &str) -> rusqlite::Result<Option<CursorRecord>> {
    let sql = "SELECT name, position, at FROM cursors WHERE name = ?1";
    db.first(sql, [name], |row| {
        Ok(CursorRecord {
            name: row.get(0)?,
            position: row.get(1)?,
            at: row.get(2)?,
        })
    })
}

fn go(cx: &Cx<'_, '_>, op: &CursorMove) -> Result<(), Stop> {
    let position = get(cx.db, &op.name)?.map(|cursor| cursor.position);
    if position != op.from {
        let name = op.name.clone();
        return Err(CursorRefusal::Elsewhere { name, position }.into());
    }
    let sql = "INSERT INTO cursors (name, position, at) VALUES (?1, ?2, ?3)
               ON CONFLICT (name) DO UPDATE SET position = excluded.position, at = excluded.at";
    cx.execute(sql, params![op.name, op.to, op.at])?;
    Ok(())
}
