//! Idempotency keys in SQL.

use rusqlite::params;

use super::db::Db;
use super::exec::{Cx, Stop};
use super::values::Count;
use crate::idempotency::{
    IdempotencyAbandon, IdempotencyAnswer, IdempotencyBegin, IdempotencyFinish, IdempotencyOp,
    IdempotencyPurge, IdempotencyQuery, IdempotencyRecord, IdempotencyRefusal, IdempotencyReply,
};

pub(super) fn run(cx: &mut Cx<'_, '_>, op: &IdempotencyOp) -> Result<IdempotencyReply, Stop> {
    use IdempotencyOp as Op;
    use IdempotencyReply as Reply;
    Ok(match op {
        Op::IdempotencyBegin(op) => Reply::IdempotencyBegin(begin(cx, op)?),
        Op::IdempotencyFinish(op) => Reply::IdempotencyFinish(finish(cx, op)?),
        Op::IdempotencyAbandon(op) => Reply::IdempotencyAbandon(abandon(cx, op)?),
        Op::IdempotencyPurge(op) => Reply::IdempotencyPurge(purge(cx, op)?),
    })
}

pub(super) fn ask(db: &Db<'_>, query: &IdempotencyQuery) -> rusqlite::Result<IdempotencyAnswer> {
    match query {
        IdempotencyQuery::GetIdempotency(query) => {
            get(db, &query.owner, &query.key).map(IdempotencyAnswer::GetIdempotency)
        }
    }
}

fn get(db: &Db<'_>, owner: &str, key: &str) -> rusqlite::Result<Option<IdempotencyRecord>> {
    let sql = "SELECT body, attempt, held_until, response, expires_at FROM idempotency WHERE owner = ?1 AND key = ?2";
    db.first(sql, [owner, key], |row| {
        let Count(attempt) = row.get(1)?;
        Ok(IdempotencyRecord {
            body: row.get(0)?,
            attempt,
            held_until: row.get(2)?,
            response: row.get(3)?,
            expires_at: row.get(4)?,
        })
    })
}

fn begin(cx: &mut Cx<'_, '_>, op: &IdempotencyBegin) -> Result<u64, Stop> {
    let before = get(cx.db, &op.owner, &op.key)?.filter(|record| op.now < record.expires_at);
    if let Some(record) = before {
        if record.body != op.body {
            return Err(IdempotencyRefusal::Conflict.into());
        }
        if let Some(response) = record.response {
            return Err(IdempotencyRefusal::Answered { response }.into());
        }
        if op.now < record.held_until {
            let held_until = record.held_until;
            return Err(IdempotencyRefusal::InFlight { held_until }.into());
        }
    }
    let sql =
        "UPDATE counters SET value = value + 1 WHERE name = 'idempotency_attempt' RETURNING value";
    // The row is there since the first migration; without it the insert below fails.
    let Count(attempt) = cx.first(sql, [], |row| row.get(0))?.unwrap_or(Count(0));
    let held_until = op.now.saturating_add(op.hold_ms);
    let sql = "INSERT INTO idempotency (owner, key, body, attempt, held_until, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
               ON CONFLICT (owner, key) DO UPDATE SET body = excluded.body, attempt = excluded.attempt,
                   held_until = excluded.held_until, expires_at = excluded.expires_at, response = NULL";
    cx.execute(
        sql,
        params![
            op.owner,
            op.key,
            op.body,
            Count(attempt),
            held_until,
            op.expires_at
        ],
    )?;
    cx.begun.push(attempt);
    Ok(attempt)
}

/// Refuses an attempt that is not in flight; `None` stands for one that this unit began.
fn in_flight(cx: &Cx<'_, '_>, owner: &str, key: &str, given: Option<u64>) -> Result<(), Stop> {
    let is_it = get(cx.db, owner, key)?.is_some_and(|record| {
        record.response.is_none()
            && given.map_or_else(
                || cx.begun.contains(&record.attempt),
                |given| given == record.attempt,
            )
    });
    if is_it {
        Ok(())
    } else {
        Err(IdempotencyRefusal::NotInFlight { given }.into())
    }
}

fn finish(cx: &Cx<'_, '_>, op: &IdempotencyFinish) -> Result<(), Stop> {
    in_flight(cx, &op.owner, &op.key, op.attempt)?;
    let sql = "UPDATE idempotency SET response = ?3 WHERE owner = ?1 AND key = ?2";
    cx.execute(sql, params![op.owner, op.key, op.response])?;
    Ok(())
}

fn abandon(cx: &Cx<'_, '_>, op: &IdempotencyAbandon) -> Result<(), Stop> {
    in_flight(cx, &op.owner, &op.key, Some(op.attempt))?;
    let sql = "DELETE FROM idempotency WHERE owner = ?1 AND key = ?2";
    cx.execute(sql, params![op.owner, op.key])?;
    Ok(())
}

fn purge(cx: &Cx<'_, '_>, op: &IdempotencyPurge) -> Result<u64, Stop> {
    let sql = "DELETE FROM idempotency WHERE id IN
               (SELECT id FROM idempotency WHERE expires_at <= ?1 ORDER BY expires_at, owner, key LIMIT ?2)";
    Ok(cx.execute(sql, params![op.now, op.limit])? as u64)
}
