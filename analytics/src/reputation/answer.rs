//! The score of one node at a slot.

use clickhouse::Row;
use hypernode_score::{Forge, Key, Score, Totals, forge, score};
use hypernode_warehouse::Client;
use serde::Deserialize;

use super::keeper::{self, Checkpoint};
use super::sql::scores_sql;
use crate::follow;
use crate::query::{self, Error};

/// A node's reputation at a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reputation {
    /// Its account.
    pub node: Key,
    /// Its label; empty where it never was registered.
    pub label: String,
    /// Who registered it last, if anyone did.
    pub owner: Option<Key>,
    /// Whether it is registered at the slot. If not, it has the prior score, whatever it did before.
    pub registered: bool,
    /// Block time of its last registration, Unix seconds; 0 without one.
    pub registered_time: u32,
    /// The slot.
    pub slot: u64,
    /// Block time of the last block up to it, Unix seconds.
    pub block_time: u32,
    /// The score with what it follows from.
    pub score: Score,
    /// Requesters whose evidence still weighs.
    pub requesters: u32,
    /// Jobs that were good, failed, expired, however long ago.
    pub jobs: [u64; 3],
    /// Day of the oldest evidence since 1970.
    pub since_day: Option<i32>,
    /// What the score costs to forge.
    pub forge: Option<Forge>,
}

/// What there is at a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum At {
    /// The reputation.
    Known(Box<Reputation>),
    /// Slots that can be asked for; `None`: none yet.
    Outside(Option<(u64, u64)>),
}

#[derive(Row, Deserialize)]
struct ScoreRow {
    score: u16,
    good: u64,
    bad: u64,
    requesters: u32,
    jobs: (u64, u64, u64),
    since_day: i32,
}

#[derive(Row, Deserialize)]
struct NodeRow {
    label: String,
    owner: Key,
    registered: bool,
    registered_time: u32,
    ever: bool,
}

/// A slot that scores are known at, and the time of its block.
#[derive(Debug, Clone)]
pub(super) struct Moment {
    pub(super) slot: u64,
    pub(super) block_time: u32,
    /// The first stored slot: what came before it is not known.
    pub(super) start: u64,
    pub(super) checkpoint: Checkpoint,
}

impl Moment {
    /// Its day since 1970.
    pub(super) fn day(&self) -> i64 {
        hypernode_score::day(i64::from(self.block_time))
    }
}

/// `slot` (without one the newest) as a moment, or the slots that are.
pub(super) async fn moment(
    client: &Client,
    slot: Option<u64>,
) -> Result<Result<Moment, Option<(u64, u64)>>, Error> {
    let (Some(checkpoint), Some(start)) =
        (keeper::newest(client).await?, follow::start(client).await?)
    else {
        return Ok(Err(None));
    };
    let slot = slot.unwrap_or(checkpoint.slot);
    if slot < start || slot > checkpoint.slot {
        return Ok(Err(Some((start, checkpoint.slot))));
    }
    let sql = format!(
        "SELECT toUnixTimestamp(block_time) FROM blocks WHERE slot <= {slot} ORDER BY slot DESC LIMIT 1"
    );
    let block_time: u32 = query::row(client, "the block's time", &sql).await?;
    Ok(Ok(Moment {
        slot,
        block_time,
        start,
        checkpoint,
    }))
}

/// The reputation of `node` at `slot`, which must be final and judged; `None`: at the newest one.
///
/// # Errors
/// When the warehouse does not answer.
pub async fn at(client: &Client, node: &Key, slot: Option<u64>) -> Result<At, Error> {
    match moment(client, slot).await? {
        Ok(moment) => Ok(At::Known(Box::new(of(client, node, &moment).await?))),
        Err(range) => Ok(At::Outside(range)),
    }
}

pub(super) async fn of(client: &Client, node: &Key, at: &Moment) -> Result<Reputation, Error> {
    let sql = format!(
        "SELECT label, owner, registered, toUnixTimestamp(registered_time) AS registered_time, ever_registered AS ever \
         FROM node_facts(as_of = {}) WHERE node = {}",
        at.slot,
        query::literal(node)
    );
    let known: Option<NodeRow> = query::rows(client, "the node", &sql).await?.pop();
    let known = known.filter(|row| row.ever);
    let registered = known.as_ref().is_some_and(|row| row.registered);
    let row = match registered {
        true => score_row(client, node, at).await?,
        false => None,
    };
    let evidence = row.as_ref().map_or_else(Totals::default, |row| Totals {
        good: row.good,
        bad: row.bad,
    });
    let score = score(evidence);
    if row.as_ref().is_some_and(|row| row.score != score.value) {
        return Err(Error::Shape {
            what: "a score",
            problem: "another number than its own evidence gives",
        });
    }
    Ok(Reputation {
        node: *node,
        label: known
            .as_ref()
            .map_or_else(String::new, |row| row.label.clone()),
        owner: known.as_ref().map(|row| row.owner),
        registered,
        registered_time: known.map_or(0, |row| row.registered_time),
        slot: at.slot,
        block_time: at.block_time,
        score,
        requesters: row.as_ref().map_or(0, |row| row.requesters),
        jobs: row.as_ref().map_or([0; 3], |row| row.jobs.into()),
        since_day: row.map(|row| row.since_day),
        forge: forge(score.value),
    })
}

async fn score_row(client: &Client, node: &Key, at: &Moment) -> Result<Option<ScoreRow>, Error> {
    let condition = format!("node = {}", query::literal(node));
    let sql = format!(
        "SELECT score, good, bad, requesters, (jobs_good, jobs_failed, jobs_expired) AS jobs, since_day FROM ({})",
        scores_sql(at.slot, at.day(), &condition)
    );
    Ok(query::rows(client, "the score", &sql).await?.pop())
}
