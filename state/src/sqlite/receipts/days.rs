//! Daily secrets in SQL.

use rusqlite::{Row, params};

use crate::receipts::{DaySecretPut, DaySecretRecord, ListDaySecrets, ReceiptRefusal};
use crate::sqlite::db::Db;
use crate::sqlite::exec::{Cx, Stop};

fn read(row: &Row<'_>) -> rusqlite::Result<DaySecretRecord> {
    Ok(DaySecretRecord {
        day: row.get(0)?,
        secret: row.get(1)?,
        commitment: row.get(2)?,
        at: row.get(3)?,
    })
}

pub(super) fn get(db: &Db<'_>, day: u32) -> rusqlite::Result<Option<DaySecretRecord>> {
    let sql = "SELECT day, secret, commitment, at FROM day_secrets WHERE day = ?1";
    db.first(sql, [day], read)
}

pub(super) fn list(db: &Db<'_>, query: &ListDaySecrets) -> rusqlite::Result<Vec<DaySecretRecord>> {
    let sql =
        "SELECT day, secret, commitment, at FROM day_secrets WHERE day > ?1 ORDER BY day LIMIT ?2";
    let after = query.after.map_or(-1, i64::from);
    db.all(sql, params![after, query.limit], read)
}

pub(super) fn put(cx: &Cx<'_, '_>, op: &DaySecretPut) -> Result<(), Stop> {
    let DaySecretRecord {
        day,
        secret,
        commitment,
        at,
    } = &op.secret;
    let sql = "INSERT INTO day_secrets (day, secret, commitment, at) VALUES (?1, ?2, ?3, ?4)
               ON CONFLICT (day) DO NOTHING";
    match cx.execute(sql, params![day, secret, commitment, at])? {
        0 => Err(ReceiptRefusal::DayTaken { day: *day }.into()),
        _ => Ok(()),
    }
}
