//! Match receipts in SQL.

use rusqlite::{Row, params};

use crate::receipts::{GetReceipts, ListReceipts, ReceiptAdd, ReceiptRecord, ReceiptRefusal};
use crate::sqlite::db::Db;
use crate::sqlite::exec::{Cx, Stop};
use crate::sqlite::values::Count;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT seq, job, fence, hash, receipt, signature, at FROM receipts ",
            $rest
        )
    };
}

fn read(row: &Row<'_>) -> rusqlite::Result<ReceiptRecord> {
    let Count(seq) = row.get(0)?;
    Ok(ReceiptRecord {
        seq,
        job: row.get(1)?,
        fence: row.get(2)?,
        hash: row.get(3)?,
        receipt: row.get(4)?,
        signature: row.get(5)?,
        at: row.get(6)?,
    })
}

pub(super) fn add(cx: &Cx<'_, '_>, op: &ReceiptAdd) -> Result<u64, Stop> {
    let sql = "SELECT seq FROM receipts WHERE job = ?1 AND fence = ?2";
    let there = cx.first(sql, params![op.job, op.fence], |row| row.get(0))?;
    if let Some(Count(seq)) = there {
        let (job, fence) = (op.job.clone(), op.fence);
        return Err(ReceiptRefusal::Exists { job, fence, seq }.into());
    }
    let sql = "INSERT INTO receipts (job, fence, hash, receipt, signature, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let params = params![op.job, op.fence, op.hash, op.receipt, op.signature, op.at];
    cx.execute(sql, params)?;
    Ok(cx.db.last_row().cast_unsigned())
}

pub(super) fn of_job(db: &Db<'_>, query: &GetReceipts) -> rusqlite::Result<Vec<ReceiptRecord>> {
    let sql = select!("WHERE job = ?1 AND fence > ?2 ORDER BY fence LIMIT ?3");
    let after = query.after.map_or(-1, i64::from);
    db.all(sql, params![query.job, after, query.limit], read)
}

pub(super) fn list(db: &Db<'_>, query: &ListReceipts) -> rusqlite::Result<Vec<ReceiptRecord>> {
    let sql = select!("WHERE seq > ?1 ORDER BY seq LIMIT ?2");
    db.all(sql, params![Count(query.after), query.limit], read)
}
