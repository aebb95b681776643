//! What a score follows from: every requester's integers of every day, and the transactions behind them.

use clickhouse::Row;
use hypernode_score::{FeeAccounts, Key};
use hypernode_warehouse::Client;
use serde::Deserialize;
use serde_big_array::BigArray;

use super::accounts;
use super::answer::{self, Reputation};
use super::roots::{self, NodePath, Root};
use crate::query::{self, Error};

/// Rows of evidence on one page.
pub const MAX_PAGE: u64 = 500;

/// A job's evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobEvidence {
    /// Its account.
    pub job: Key,
    /// The program that keeps it.
    pub program: Key,
    /// `good`, `failed` or `expired`.
    pub kind: String,
    /// Of 1/2^20.
    pub units: u64,
    /// From which it counts.
    pub slot: u64,
    /// The settlement, the failure, or the assignment that expired.
    pub signature: [u8; 64],
}

/// What one requester's jobs of one day said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayEvidence {
    /// The requester's wallet.
    pub requester: Key,
    /// Since 1970.
    pub day: i32,
    /// The jobs; a day may go on on the next page.
    pub jobs: Vec<JobEvidence>,
}

/// One page of a proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// What is proven.
    pub reputation: Reputation,
    /// The first slot that is stored: jobs that were created before it give no evidence.
    pub start_slot: u64,
    /// The accounts that settlements were held against.
    pub accounts: Vec<FeeAccounts>,
    /// The evidence, by requester and day.
    pub days: Vec<DayEvidence>,
    /// The roots that this page's evidence is under, oldest first, each with the node's path to it. What began to count on
    /// the day of the slot is under none yet.
    pub roots: Vec<(Root, NodePath)>,
    /// This page, from 1.
    pub page: u64,
    /// Pages in all, at least 1.
    pub pages: u64,
}

#[derive(Row, Deserialize)]
struct EvidenceRow {
    requester: Key,
    day: i32,
    kind: String,
    program: Key,
    job: Key,
    units: u64,
    slot: u64,
    #[serde(with = "BigArray")]
    signature: [u8; 64],
}

/// A page of the proof of a node's score at `slot` (`None`: the newest); the inner error names the slots that can be asked
/// for. A page beyond the last one is empty.
///
/// # Errors
/// When the warehouse does not answer.
pub async fn proof(
    client: &Client,
    node: &Key,
    slot: Option<u64>,
    page: u64,
) -> Result<Result<Proof, Option<(u64, u64)>>, Error> {
    let moment = match answer::moment(client, slot).await? {
        Ok(moment) => moment,
        Err(range) => return Ok(Err(range)),
    };
    let reputation = answer::of(client, node, &moment).await?;
    let accounts = accounts::parse(&moment.checkpoint.fee_accounts).map_err(|_| Error::Shape {
        what: "the scores' checkpoint",
        problem: "fee accounts that cannot be read",
    })?;
    let (mut rows, mut count) = (Vec::new(), 0_u64);
    if reputation.registered {
        let from = format!(
            "FROM reputation_evidence FINAL WHERE node = {} AND slot <= {}",
            query::literal(node),
            moment.slot
        );
        count = query::row(client, "evidence", &format!("SELECT count() {from}")).await?;
        let sql = format!(
            "SELECT requester, day, toString(kind) AS kind, program, job, units, slot, signature {from} \
             ORDER BY requester, day, reputation_evidence.kind, program, job LIMIT {MAX_PAGE} OFFSET {}",
            page.saturating_sub(1).saturating_mul(MAX_PAGE)
        );
        rows = query::rows::<EvidenceRow>(client, "evidence", &sql).await?;
    }
    let slots = rows.iter().map(|row| row.slot).collect();
    let roots = over(client, node, moment.slot, slots).await?;
    Ok(Ok(Proof {
        reputation,
        start_slot: moment.start,
        accounts,
        days: by_day(rows),
        roots,
        page,
        pages: count.div_ceil(MAX_PAGE).max(1),
    }))
}

/// The roots of those days, over at `slot`, that evidence of `slots` began to count on, with the node's path to each.
async fn over(
    client: &Client,
    node: &Key,
    slot: u64,
    mut slots: Vec<u64>,
) -> Result<Vec<(Root, NodePath)>, Error> {
    slots.sort_unstable();
    let mut days = roots::until(client, slot).await?;
    days.retain(|day| {
        let next = slots.partition_point(|slot| *slot < day.first_slot);
        slots.get(next).is_some_and(|slot| *slot <= day.last_slot)
    });
    let wanted: Vec<i32> = days.iter().map(|day| day.day).collect();
    let paths = roots::paths(client, node, &wanted).await?;
    let found = days.into_iter().filter_map(|day| {
        let path = paths.iter().find(|path| path.day == day.day)?;
        Some((day, path.clone()))
    });
    Ok(found.collect())
}

fn by_day(rows: Vec<EvidenceRow>) -> Vec<DayEvidence> {
    let mut days: Vec<DayEvidence> = Vec::new();
    for row in rows {
        let job = JobEvidence {
            job: row.job,
            program: row.program,
            kind: row.kind,
            units: row.units,
            slot: row.slot,
            signature: row.signature,
        };
        match days.last_mut() {
            Some(last) if (last.requester, last.day) == (row.requester, row.day) => {
                last.jobs.push(job);
            }
            _ => days.push(DayEvidence {
                requester: row.requester,
                day: row.day,
                jobs: vec![job],
            }),
        }
    }
    days
}
