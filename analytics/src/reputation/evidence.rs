//! From canonical events to evidence: the jobs that something was heard of, each judged by its whole history.

use clickhouse::Row;
use hypernode_score::{BadKind, Event, Evidence, FeeAccounts, Key, What, constants::EXPIRY, judge};
use hypernode_warehouse::Client;
use serde::{Deserialize, Serialize};
use serde_big_array::BigArray;

use crate::query::{self, Error};
use crate::rollup::sql::reached;

/// A final block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Row, Deserialize)]
pub(super) struct Block {
    pub(super) slot: u64,
    pub(super) time: u32,
}

/// Blocks that are judged at once, in order; at least one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span<'a> {
    pub(super) blocks: &'a [Block],
    /// The greatest block time before them.
    pub(super) time_before: i64,
}

impl Span<'_> {
    pub(super) fn first(&self) -> u64 {
        self.blocks.first().map_or(0, |block| block.slot)
    }

    pub(super) fn last(&self) -> u64 {
        self.blocks.last().map_or(0, |block| block.slot)
    }

    /// The greatest block time so far.
    pub(super) fn time(&self) -> i64 {
        let times = self.blocks.iter().map(|block| i64::from(block.time));
        times.fold(self.time_before, i64::max)
    }

    /// The first block at or after a time that had not come before.
    fn reached(&self, time: i64) -> Option<u64> {
        let mut blocks = self.blocks.iter();
        let found = blocks.find(|block| i64::from(block.time) >= time);
        found
            .filter(|_| time > self.time_before)
            .map(|block| block.slot)
    }
}

/// Its kind in the table.
const GOOD: i8 = 1;
const FAILED: i8 = 2;
const EXPIRED: i8 = 3;

/// A row of evidence.
#[derive(Debug, Clone, PartialEq, Eq, Row, Serialize, Deserialize)]
pub(super) struct EvidenceRow {
    node: Key,
    requester: Key,
    day: i32,
    kind: i8,
    program: Key,
    job: Key,
    units: u64,
    slot: u64,
    #[serde(with = "BigArray")]
    signature: [u8; 64],
}

#[derive(Row, Deserialize)]
struct EventRow {
    program: Key,
    job: Key,
    slot: u64,
    time: u32,
    what: i8,
    requester: Key,
    price: u64,
    node: Key,
    operator: Key,
    authority: Key,
    treasury: Key,
    incentive: Key,
    treasury_amount: u64,
    incentive_amount: u64,
    #[serde(with = "BigArray")]
    signature: [u8; 64],
}

impl EventRow {
    fn event(&self) -> Option<Event> {
        let what = match self.what {
            4 => What::Created {
                requester: self.requester,
                price: self.price,
            },
            5 => What::Assigned {
                node: self.node,
                operator: self.operator,
                authority: self.authority,
            },
            6 => What::Completed {
                operator: self.operator,
            },
            7 => What::Failed { node: self.node },
            8 => What::Cancelled,
            9 => What::Settled {
                treasury: self.treasury,
                incentive: self.incentive,
                treasury_amount: self.treasury_amount,
                incentive_amount: self.incentive_amount,
            },
            _ => return None,
        };
        Some(Event {
            slot: self.slot,
            time: i64::from(self.time),
            what,
        })
    }
}

/// The evidence that begins to count within `span`. Jobs that began before slot `since` are looked for by `job_starts`.
pub(super) async fn new(
    client: &Client,
    span: Span<'_>,
    accounts: &[FeeAccounts],
    since: u64,
) -> Result<Vec<EvidenceRow>, Error> {
    let due = |time: i64| u64::try_from(time.saturating_sub(EXPIRY)).unwrap_or(0);
    let jobs = query::plain(include_str!("../sql/heard_of.sql"));
    let [recent, old] = reached(&jobs, since);
    let sql = query::plain(include_str!("../sql/histories.sql"))
        .replace("{recent}", &recent)
        .replace("{old}", &old);
    let sql = query::fill(
        &sql,
        &[
            ("from", span.first()),
            ("to", span.last()),
            ("due_from", due(span.time_before)),
            ("due_to", due(span.time())),
        ],
    );
    let mut found = Vec::new();
    let mut history: Vec<EventRow> = Vec::new();
    let mut rows = query::stream::<EventRow>(client, "jobs' histories", &sql)?;
    while let Some(row) = rows.next().await? {
        if history
            .first()
            .is_some_and(|first| (first.program, first.job) != (row.program, row.job))
        {
            judged(&history, span, accounts, &mut found);
            history.clear();
        }
        history.push(row);
    }
    judged(&history, span, accounts, &mut found);
    Ok(found)
}

/// Adds what one job's history says, if it says so first within `span`.
fn judged(
    history: &[EventRow],
    span: Span<'_>,
    accounts: &[FeeAccounts],
    found: &mut Vec<EvidenceRow>,
) {
    let events: Vec<Event> = history.iter().filter_map(EventRow::event).collect();
    let verdict = judge(&events, accounts, span.time());
    let mut add = |kind: i8, of: &Evidence, slot: Option<u64>| {
        let cause = history.get(of.cause);
        let (Some(cause), Some(slot), Ok(day)) = (cause, slot, i32::try_from(of.day)) else {
            return;
        };
        if (span.first()..=span.last()).contains(&slot) {
            found.push(EvidenceRow {
                node: of.node,
                requester: of.requester,
                day,
                kind,
                program: cause.program,
                job: cause.job,
                units: of.units,
                slot,
                signature: cause.signature,
            });
        }
    };
    let slot_of = |of: &Evidence| history.get(of.cause).map(|cause| cause.slot);
    if let Ok(good) = verdict.good {
        add(GOOD, &good, slot_of(&good));
    }
    match verdict.bad {
        Ok((BadKind::Failed, bad)) => add(FAILED, &bad, slot_of(&bad)),
        Ok((BadKind::Expired, bad)) => {
            let assigned = events.get(bad.cause).map(|event| event.time);
            let deadline = assigned.map(|time| time.saturating_add(EXPIRY));
            add(EXPIRED, &bad, deadline.and_then(|time| span.reached(time)));
        }
        Err(_) => {}
    }
}
