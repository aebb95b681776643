//! What has changed since a cursor: canonical events that came, and slots that were taken back.
//!
//! A consumer applies changes in order. An insert adds its events, known by their identity; a retraction removes every
//! event of its slots. Whoever has applied all of them holds the canonical events of the warehouse.

use std::fmt;
use std::str::FromStr;

use clickhouse::Row;
use hypernode_warehouse::Client;
use serde::{Deserialize, Serialize};

use crate::query::{self, Error};

/// Most changes of one answer.
pub const MAX_CHANGES: u64 = 500;
/// Most events of one answer; a change with more is told in parts.
pub const MAX_EVENTS: u64 = 2_000;

/// How far a consumer has come: the number of a change, and how many of its events were told if there are more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cursor {
    /// The last change that was told, in whole or in part.
    pub seq: u64,
    /// Events of it that were told; `None`: all.
    pub part: Option<u64>,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.part {
            None => write!(f, "{}", self.seq),
            Some(events) => write!(f, "{}.{events}", self.seq),
        }
    }
}

/// A text that is no [`Cursor`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cursor must be 0, or the `next` of an answer")]
pub struct NoCursor;

impl FromStr for Cursor {
    type Err = NoCursor;

    fn from_str(text: &str) -> Result<Self, NoCursor> {
        let number = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| text.parse().ok()).flatten().ok_or(NoCursor)
        };
        let (seq, part) = match text.split_once('.') {
            Some((seq, part)) => (seq, Some(number(part)?)),
            None => (text, None),
        };
        Ok(Self {
            seq: number(seq)?,
            part,
        })
    }
}

/// One canonical event, keys in base58, amounts in raw integers as text.
#[derive(Debug, Clone, PartialEq, Eq, Row, Deserialize, Serialize)]
pub struct Event {
    /// What happened.
    pub kind: String,
    /// Its identity: slot …
    pub slot: u64,
    /// … transaction in the block …
    pub tx_index: u32,
    /// … outer instruction …
    pub outer_ix: u16,
    /// … inner instruction, -1 for none …
    pub inner_ix: i32,
    /// … and number of the record.
    pub ordinal: u32,
    /// Signature of the transaction.
    pub signature: String,
    /// Unix seconds.
    pub block_time: i64,
    /// Program that said so.
    pub program: String,
    /// Its label.
    pub label: String,
    /// Job account, '' where there is none; likewise the next ones.
    pub job: String,
    /// Node account.
    pub node: String,
    /// Who asked for the job.
    pub requester: String,
    /// Who did it.
    pub operator: String,
    /// Name of the job.
    pub name: String,
    /// Name of the node.
    pub node_name: String,
    /// Canonical job type.
    pub job_type: String,
    /// Canonical status.
    pub status: String,
    /// Price.
    pub price: String,
    /// Share of the operator.
    pub operator_amount: String,
    /// Share of the treasury.
    pub treasury_amount: String,
    /// Share of the incentive pool.
    pub incentive_amount: String,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Its number.
    pub seq: u64,
    /// `insert` or `retract`.
    pub change: String,
    /// First slot.
    pub from: u64,
    /// Last slot.
    pub to: u64,
    /// Why it was retracted, '' for an insert.
    pub reason: String,
    /// Events that came, or that went.
    pub events: Vec<Event>,
    /// More events of this change follow in the next answer.
    pub more: bool,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Changes {
    /// In the order in which they apply.
    pub changes: Vec<Change>,
    /// The cursor to ask with next.
    pub next: String,
    /// There was more to tell at once.
    pub more: bool,
}

#[derive(Row, Deserialize)]
struct Listed {
    seq: u64,
    change: String,
    slot_lo: u64,
    slot_hi: u64,
    epoch: u32,
    reason: String,
}

/// The number of the newest change that is told; 0 before the first.
///
/// # Errors
/// When the warehouse does not answer.
pub async fn newest(client: &Client) -> Result<u64, Error> {
    let sql = query::plain(include_str!("sql/newest_change.sql"));
    query::row(client, "the newest change that is told", &sql).await
}

/// Whether a cursor can be one of this index: there is a change that it is after, or it is the beginning.
///
/// # Errors
/// When the warehouse does not answer.
pub async fn knows(client: &Client, cursor: Cursor) -> Result<bool, Error> {
    let sql = "SELECT max(seq) FROM (SELECT seq FROM ingest_ledger UNION ALL SELECT seq FROM retractions)";
    let newest: u64 = query::row(client, "the newest change", sql).await?;
    Ok(cursor.seq <= newest)
}

/// Changes after the cursor, at most `limit`.
///
/// # Errors
/// When the warehouse does not answer.
pub async fn changes(client: &Client, cursor: Cursor, limit: u64) -> Result<Changes, Error> {
    let limit = limit.clamp(1, MAX_CHANGES);
    // A change that was told in part is looked up again: it may be gone since.
    let after = match cursor.part {
        Some(_) => cursor.seq.saturating_sub(1),
        None => cursor.seq,
    };
    let values = [("after", after), ("limit", limit + 1)];
    let sql = query::fill(include_str!("sql/changes.sql"), &values);
    let listed: Vec<Listed> = query::rows(client, "changes", &sql).await?;
    let mut out = Changes {
        changes: Vec::new(),
        next: cursor.to_string(),
        more: listed.len() as u64 > limit,
    };
    let mut room = MAX_EVENTS;
    for one in listed
        .into_iter()
        .take(usize::try_from(limit).unwrap_or(usize::MAX))
    {
        let told = cursor.part.filter(|_| one.seq == cursor.seq).unwrap_or(0);
        let mut events = events(client, &one, told, room + 1).await?;
        let more = events.len() as u64 > room;
        events.truncate(usize::try_from(room).unwrap_or(usize::MAX));
        room -= events.len() as u64;
        let part = more.then_some(told + events.len() as u64);
        out.next = Cursor { seq: one.seq, part }.to_string();
        out.changes.push(Change {
            seq: one.seq,
            change: one.change,
            from: one.slot_lo,
            to: one.slot_hi,
            reason: one.reason,
            events,
            more,
        });
        if more || room == 0 {
            out.more = true;
            break;
        }
    }
    Ok(out)
}

async fn events(
    client: &Client,
    change: &Listed,
    told: u64,
    limit: u64,
) -> Result<Vec<Event>, Error> {
    let values = [
        ("lo", change.slot_lo),
        ("hi", change.slot_hi),
        ("epoch", u64::from(change.epoch)),
        ("told", told),
        ("limit", limit),
    ];
    let template = include_str!("sql/change_events.sql");
    let template = if change.change == "insert" {
        template.replace(
            "{rows}",
            "canonical_events AS t WHERE t.slot BETWEEN {lo} AND {hi}",
        )
    } else {
        template.replace("{rows}", "retracted_events AS t WHERE t.epoch = {epoch}")
    };
    query::rows(
        client,
        "events of a change",
        &query::fill(&template, &values),
    )
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written_and_nothing_else_is_one() {
        for text in ["0", "7", "18446744073709551615", "7.2000"] {
            assert_eq!(
                text.parse::<Cursor>().map(|cursor| cursor.to_string()),
                Ok(text.into())
            );
        }
        for text in [
            "",
            "-1",
            "7.",
            ".7",
            "7.1.2",
            "x",
            " 7",
            "+7",
            "18446744073709551616",
        ] {
            assert_eq!(text.parse::<Cursor>(), Err(NoCursor), "{text}");
        }
    }
}
