//! The outbox in SQL.

use rusqlite::params;

use super::db::Db;
use super::exec::{Cx, Stop};
use super::values::Count;
use crate::outbox::{
    Ack, Consumer, Emit, ListConsumers, Message, OutboxAnswer, OutboxOp, OutboxQuery,
    OutboxRefusal, OutboxReply, ReadOutbox, StartAt, Subscribe, TrimOutbox, Unsubscribe,
};

pub(super) fn run(cx: &Cx<'_, '_>, op: &OutboxOp) -> Result<OutboxReply, Stop> {
    Ok(match op {
        OutboxOp::Emit(op) => OutboxReply::Emit(emit(cx, op)?),
        OutboxOp::Subscribe(op) => OutboxReply::Subscribe(subscribe(cx, op)?),
        OutboxOp::Unsubscribe(op) => OutboxReply::Unsubscribe(unsubscribe(cx, op)?),
        OutboxOp::Ack(op) => OutboxReply::Ack(ack(cx, op)?),
        OutboxOp::TrimOutbox(op) => OutboxReply::TrimOutbox(trim(cx, op)?),
    })
}

pub(super) fn ask(db: &Db<'_>, query: &OutboxQuery) -> rusqlite::Result<OutboxAnswer> {
    Ok(match query {
        OutboxQuery::ReadOutbox(query) => OutboxAnswer::ReadOutbox(read(db, query)?),
        OutboxQuery::ListConsumers(query) => OutboxAnswer::ListConsumers(consumers(db, query)?),
    })
}

fn emit(cx: &Cx<'_, '_>, op: &Emit) -> Result<u64, Stop> {
    let sql = "INSERT INTO outbox (topic, key, payload, at) VALUES (?1, ?2, ?3, ?4)";
    cx.execute(sql, params![op.topic, op.key, op.payload, op.at])?;
    Ok(cx.db.last_row().cast_unsigned())
}

/// The number of the last message of all, trimmed or not.
fn last(cx: &Cx<'_, '_>) -> rusqlite::Result<u64> {
    let sql = "SELECT seq FROM sqlite_sequence WHERE name = 'outbox'";
    let last = cx.first(sql, [], |row| row.get(0))?;
    Ok(last.map_or(0, |Count(last)| last))
}

fn acked(cx: &Cx<'_, '_>, topic: &str, consumer: &str) -> rusqlite::Result<Option<u64>> {
    let sql = "SELECT acked FROM consumers WHERE topic = ?1 AND consumer = ?2";
    let acked = cx.first(sql, [topic, consumer], |row| row.get(0))?;
    Ok(acked.map(|Count(acked)| acked))
}

fn subscribe(cx: &Cx<'_, '_>, op: &Subscribe) -> Result<u64, Stop> {
    if let Some(acked) = acked(cx, &op.topic, &op.consumer)? {
        return Ok(acked);
    }
    let start = match op.from {
        StartAt::Oldest => 0,
        StartAt::Now => last(cx)?,
    };
    let sql = "INSERT INTO consumers (topic, consumer, acked) VALUES (?1, ?2, ?3)";
    cx.execute(sql, params![op.topic, op.consumer, Count(start)])?;
    Ok(start)
}

fn unsubscribe(cx: &Cx<'_, '_>, op: &Unsubscribe) -> Result<(), Stop> {
    let sql = "DELETE FROM consumers WHERE topic = ?1 AND consumer = ?2";
    match cx.execute(sql, [&op.topic, &op.consumer])? {
        0 => Err(unknown(&op.topic, &op.consumer)),
        _ => Ok(()),
    }
}

fn unknown(topic: &str, consumer: &str) -> Stop {
    OutboxRefusal::ConsumerUnknown {
        topic: topic.to_owned(),
        consumer: consumer.to_owned(),
    }
    .into()
}

fn ack(cx: &Cx<'_, '_>, op: &Ack) -> Result<(), Stop> {
    let acked =
        acked(cx, &op.topic, &op.consumer)?.ok_or_else(|| unknown(&op.topic, &op.consumer))?;
    let last = last(cx)?;
    if op.upto > last {
        let upto = op.upto;
        return Err(OutboxRefusal::Ahead { upto, last }.into());
    }
    if op.upto > acked {
        let sql = "UPDATE consumers SET acked = ?3 WHERE topic = ?1 AND consumer = ?2";
        cx.execute(sql, params![op.topic, op.consumer, Count(op.upto)])?;
    }
    Ok(())
}

fn trim(cx: &Cx<'_, '_>, op: &TrimOutbox) -> Result<u64, Stop> {
    // Without a consumer the minimum is NULL, which no number is less than.
    let sql = "DELETE FROM outbox WHERE seq IN
               (SELECT seq FROM outbox WHERE topic = ?1
                AND seq <= (SELECT min(acked) FROM consumers WHERE topic = ?1) ORDER BY seq LIMIT ?2)";
    Ok(cx.execute(sql, params![op.topic, op.limit])? as u64)
}

fn read(db: &Db<'_>, query: &ReadOutbox) -> rusqlite::Result<Vec<Message>> {
    let sql = "SELECT seq, key, payload, at FROM outbox WHERE topic = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3";
    let params = params![query.topic, Count(query.after), query.limit];
    db.all(sql, params, |row| {
        let Count(seq) = row.get(0)?;
        Ok(Message {
            seq,
            key: row.get(1)?,
            payload: row.get(2)?,
            at: row.get(3)?,
        })
    })
}

fn consumers(db: &Db<'_>, query: &ListConsumers) -> rusqlite::Result<Vec<Consumer>> {
    let sql = "SELECT consumer, acked FROM consumers WHERE topic = ?1 ORDER BY consumer LIMIT ?2";
    db.all(sql, params![query.topic, query.limit], |row| {
        let Count(acked) = row.get(1)?;
        Ok(Consumer {
            consumer: row.get(0)?,
            acked,
        })
    })
}
