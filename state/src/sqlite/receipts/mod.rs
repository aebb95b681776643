//! Match receipts and daily secrets in SQL.

mod days;
mod receipt;

use super::db::Db;
use super::exec::{Cx, Stop};
use crate::receipts::{ReceiptAnswer, ReceiptOp, ReceiptQuery, ReceiptReply};

pub(super) fn run(cx: &Cx<'_, '_>, op: &ReceiptOp) -> Result<ReceiptReply, Stop> {
    Ok(match op {
        ReceiptOp::ReceiptAdd(op) => ReceiptReply::ReceiptAdd(receipt::add(cx, op)?),
        ReceiptOp::DaySecretPut(op) => ReceiptReply::DaySecretPut(days::put(cx, op)?),
    })
}

pub(super) fn ask(db: &Db<'_>, query: &ReceiptQuery) -> rusqlite::Result<ReceiptAnswer> {
    use ReceiptAnswer as Answer;
    use ReceiptQuery as Query;
    Ok(match query {
        Query::GetReceipts(query) => Answer::GetReceipts(receipt::of_job(db, query)?),
        Query::ListReceipts(query) => Answer::ListReceipts(receipt::list(db, query)?),
        Query::GetDaySecret(query) => Answer::GetDaySecret(days::get(db, query.day)?),
        Query::ListDaySecrets(query) => Answer::ListDaySecrets(days::list(db, query)?),
    })
}
